// Some nodes of one label with all their properties.
// $ids: keys of the nodes
MATCH (n:<label>)
WHERE n.id IN $ids
RETURN n.id AS id, properties(n) AS properties
