// Some events of one kind that a source has brought, and who else has.
// $source: number of the source
// $most: events at most
MATCH (u:User)-[r:<relation>]->(i:Item)
WHERE r._brought_by = $source OR $source IN coalesce(r._also_by, [])
RETURN r.event_id AS id, u.id AS head, i.id AS tail, r.reviewed AS reviewed, r._brought_by AS by, r._also_by AS also
LIMIT $most
