// The ties of one relation that leave these people.
// $ids: list of ids
MATCH (h:User)-[r:<relation>]->(t:User)
WHERE h.id IN $ids
RETURN h.id AS head, t.id AS tail, r.weight AS weight, r.at AS at, r._brought_by AS by, r._also_by AS also
