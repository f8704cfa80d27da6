// All ties of some relations between people.
MATCH (h:User)-[r:<relations>]->(t:User)
RETURN h.id AS head, t.id AS tail, type(r) AS relation, r.weight AS weight, r.at AS at
