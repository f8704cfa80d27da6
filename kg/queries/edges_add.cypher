// Adds edges of one relation between nodes that are there. Writes.
// $rows: list of {head, tail}
UNWIND $rows AS row
MATCH (h:<head> {id: row.head})
MATCH (t:<tail> {id: row.tail})
CREATE (h)-[:<relation><marked>]->(t)
RETURN count(*) AS made
