// A person's interests and where each comes from: the events on its items, the strongest interest first.
// $user: id of the person
// $limit = 50: rows at most
// example: --param user=ann
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
MATCH (u:User {id: $user})-[:HAS_INTEREST]->(n:Interest)
MATCH (u)-[e]->(i:Item)
WHERE type(e) IN kinds AND i.id IN n.items
RETURN n.name AS interest, n.weight AS weight, i.id AS item, i.title AS title, type(e) AS kind, e.value AS value,
       e.at AS at
ORDER BY weight DESC, interest, at DESC, item
LIMIT $limit
