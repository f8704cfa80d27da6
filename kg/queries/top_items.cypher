// The items that most people did something with.
// $limit = 10: rows at most
// example: --param limit=5
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
MATCH (u:User)-[e]->(i:Item)
WHERE type(e) IN kinds
RETURN i.id AS item, i.title AS title, count(DISTINCT u) AS people, avg(e.value) AS mean_value
ORDER BY people DESC, item
LIMIT $limit
