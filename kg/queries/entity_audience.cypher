// The people whose events lead most often to items of an entity.
// $entity: id of the entity, such as brand:Fender
// $limit = 10: rows at most
// example: --param entity=genre:Crime
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
MATCH (u:User)-[e]->(i:Item)-->(:Entity {id: $entity})
WHERE type(e) IN kinds
RETURN u.id AS user, count(DISTINCT i) AS items, avg(e.value) AS mean_value
ORDER BY items DESC, user
LIMIT $limit
