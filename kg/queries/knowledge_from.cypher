// The edges of some relations that leave these nodes for nodes of one label.
// $ids: list of ids
MATCH (h:<head>)-[r:<relations>]->(t:<tail>)
WHERE h.id IN $ids
RETURN h.id AS head, type(r) AS relation, t.id AS tail
