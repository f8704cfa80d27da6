// Makes or renames segments. Writes.
// $rows: list of {id, name, size}
UNWIND $rows AS row
MERGE (s:Segment {id: row.id})
SET s.name = row.name, s.size = row.size
