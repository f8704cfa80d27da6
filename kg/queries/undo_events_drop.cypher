// Removes events that one source alone has brought; how many. Writes.
// $ids: list of event ids
// $source: number of the source
MATCH (u)-[r:<relation>]->(i)
WHERE r.event_id IN $ids AND r._brought_by = $source AND r._also_by IS NULL
WITH collect(r) AS own
FOREACH (r IN own | DELETE r)
RETURN size(own) AS gone
