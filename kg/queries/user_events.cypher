// What a person did, the latest first.
// $user: id of the person
// $limit = 20: rows at most
// example: --param user=ann --param limit=5
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
MATCH (u:User {id: $user})-[e]->(i:Item)
WHERE type(e) IN kinds
RETURN type(e) AS kind, i.id AS item, i.title AS title, e.value AS value, e.at AS at, e.event_id AS event_id
ORDER BY at DESC, event_id
LIMIT $limit
