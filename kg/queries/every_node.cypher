// Every node but that of the schema, for copies.
MATCH (n) WHERE NOT n:Schema
RETURN elementId(n) AS key, labels(n) AS labels, properties(n) AS properties
