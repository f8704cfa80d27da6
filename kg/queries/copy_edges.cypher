// Makes edges of the type and properties that are put in. Writes.
// For the embedded engine one pattern holds both ends (for the second of two it walks all nodes), and properties are
// named (a map that is set afterwards takes ten times as long).
// $rows: list of [key of the head, key of the tail, value of each property ...]
UNWIND $rows AS row
MATCH (h), (t) WHERE elementId(h) = row[0] AND elementId(t) = row[1]
CREATE (h)-[:<type> {<properties>}]->(t)
RETURN count(*) AS made
