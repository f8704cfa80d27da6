// What is known of an item: its relations to entities and to other items.
// $item: id of the item
// $limit = 50: rows at most
// example: --param item=a
MATCH (i:Item {id: $item})-[r]->(t)
WHERE (t:Entity OR t:Item)
RETURN type(r) AS relation, t.id AS id, coalesce(t.name, t.title) AS name
ORDER BY relation, id
LIMIT $limit
