// Who did something with an item, the latest first.
// $item: id of the item
// $limit = 20: rows at most
// example: --param item=a
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
MATCH (u:User)-[e]->(i:Item {id: $item})
WHERE type(e) IN kinds
RETURN u.id AS user, type(e) AS kind, e.value AS value, e.at AS at
ORDER BY at DESC, user
LIMIT $limit
