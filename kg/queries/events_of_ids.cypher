// The events of one kind that have these ids; neither end has a label, or the embedded engine would not use the index.
// $ids: list of event ids
MATCH (u)-[r:<relation>]->(i)
WHERE r.event_id IN $ids
RETURN r.event_id AS event_id, u.id AS user, i.id AS item, r.at AS at, r.value AS value, r.reviewed AS reviewed,
       r._brought_by AS by, r._also_by AS also
