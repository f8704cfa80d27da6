// Notes that a further source has brought events that were there. Writes.
// $ids: list of event ids
// $source: its number
MATCH (u)-[r:<relation>]->(i)
WHERE r.event_id IN $ids AND r._brought_by <> $source AND NOT $source IN coalesce(r._also_by, [])
SET r._also_by = coalesce(r._also_by, []) + [$source]
