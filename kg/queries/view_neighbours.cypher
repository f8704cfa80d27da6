// The neighbours of some nodes of one label, along edges of both directions.
// $ids: keys of the nodes
// $most: neighbours of a node at most
MATCH (n:<label>)
WHERE n.id IN $ids
RETURN n.id AS id, COLLECT { MATCH (n)-[r]-(m) RETURN [type(r), labels(m)[0], m.id] LIMIT $most } AS neighbours
