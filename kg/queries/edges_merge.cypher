// Adds edges of one relation between nodes that are there, where no other writer has added them. Writes.
// For servers; the embedded engine, where nobody else writes, would take a hundred times as long as with edges_add, and
// takes this only where the answer to that was lost.
// $rows: list of {head, tail}
UNWIND $rows AS row
MATCH (h:<head> {id: row.head})
MATCH (t:<tail> {id: row.tail})
MERGE (h)-[r:<relation>]->(t)<marked>
RETURN count(*) AS made
