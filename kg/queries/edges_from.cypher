// The edges of one relation that leave these nodes, by the ids of their ends.
// $ids: list of ids
MATCH (h:<head>)-[r:<relation>]->(t:<tail>)
WHERE h.id IN $ids
RETURN h.id AS head, t.id AS tail, r._brought_by AS by, r._also_by AS also
