// How the sources of relations spell them.
MATCH (r:Relation)
RETURN r.id AS relation, r.name AS name
