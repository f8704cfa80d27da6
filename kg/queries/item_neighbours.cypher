// Items that share entities with an item, by how many they share.
// $item: id of the item
// $limit = 10: rows at most
// example: --param item=a
MATCH (i:Item {id: $item})-[r]->(e:Entity)<-[s]-(other:Item)
WHERE type(r) = type(s) AND other.id <> $item
RETURN other.id AS item, other.title AS title, count(DISTINCT e) AS shared
ORDER BY shared DESC, item
LIMIT $limit
