// The edges that start at some nodes of one label, with all their properties.
// $ids: keys of the nodes
MATCH (h:<label>)-[r]->(t)
WHERE h.id IN $ids
RETURN h.id AS head, type(r) AS relation, labels(t)[0] AS label, t.id AS tail, properties(r) AS properties
