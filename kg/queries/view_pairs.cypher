// Items with their entities.
// $relations: types of edges; empty for all
MATCH (i:Item)-[r]->(e:Entity)
WHERE size($relations) = 0 OR type(r) IN $relations
RETURN i.id AS item, e.id AS entity
ORDER BY item, entity
