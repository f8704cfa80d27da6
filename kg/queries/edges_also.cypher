// Notes that a further source has brought edges that were there. Writes.
// $rows: list of {head, tail}
// $source: its number
UNWIND $rows AS row
MATCH (h:<head> {id: row.head})-[r:<relation>]->(t:<tail> {id: row.tail})
WHERE r._brought_by <> $source AND NOT $source IN coalesce(r._also_by, [])
SET r._also_by = coalesce(r._also_by, []) + [$source]
