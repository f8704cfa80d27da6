// The edges of one relation that leave these nodes, by the ids of their ends.
// $ids: list of ids
MATCH (h:<head>)-[:<relation>]->(t:<tail>)
WHERE h.id IN $ids
RETURN h.id AS head, t.id AS tail
