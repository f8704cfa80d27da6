// All ties of some relations that leave these people.
// $ids: list of ids
MATCH (h:User)-[r:<relations>]->(t:User)
WHERE h.id IN $ids
RETURN h.id AS head, t.id AS tail, type(r) AS relation, r.weight AS weight, r.at AS at
