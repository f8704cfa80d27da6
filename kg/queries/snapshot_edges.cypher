// All edges of some relations between nodes of two labels.
MATCH (h:<head>)-[r:<relations>]->(t:<tail>)
RETURN h.id AS head, t.id AS tail, type(r) AS relation
