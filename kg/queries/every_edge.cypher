// Every edge by the keys of its ends, for copies.
MATCH (h)-[r]->(t)
RETURN elementId(h) AS head, type(r) AS relation, elementId(t) AS tail, properties(r) AS properties
