// What the graph remembers of its schema.
MATCH (s:Schema)
RETURN properties(s) AS properties
