// Puts people in segments. Writes.
// $rows: list of {user, segment, strength}
UNWIND $rows AS row
MATCH (u:User {id: row.user})
MATCH (s:Segment {id: row.segment})
CREATE (u)-[:IN_SEGMENT {strength: row.strength}]->(s)
