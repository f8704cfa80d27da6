// The nodes with these ids and all their properties.
// $ids: list of ids
MATCH (n:<label>)
WHERE n.id IN $ids
RETURN n.id AS id, properties(n) AS properties
