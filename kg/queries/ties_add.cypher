// Adds ties between people who are there, or what is known of them. Writes.
// $rows: list of {head, tail, weight, at}: a number or null, and a moment as ISO text or null
UNWIND $rows AS row
MATCH (h:User {id: row.head})
MATCH (t:User {id: row.tail})
MERGE (h)-[r:<relation>]->(t)<marked>
SET r.weight = row.weight, r.at = datetime(row.at)
RETURN count(*) AS made
