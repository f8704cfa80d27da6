// All edges of some relations that leave these nodes, to nodes of one label.
// $ids: list of ids
MATCH (h:<head>)-[r:<relations>]->(t:<tail>)
WHERE h.id IN $ids
RETURN h.id AS head, t.id AS tail, type(r) AS relation
