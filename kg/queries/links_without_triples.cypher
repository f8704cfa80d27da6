// Items linked to an entity of which the graph says nothing: it has no edge but its links.
// $own: the graph's own relations
MATCH (i:Item)-[:SAME_AS]->(e:Entity)
OPTIONAL MATCH (e)-[r]-()
WHERE NOT type(r) IN $own
WITH i, e, count(r) AS edges
WHERE edges = 0
RETURN i.id AS item, e.id AS entity
