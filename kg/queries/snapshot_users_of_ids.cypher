// The people with these ids.
// $ids: list of ids
MATCH (u:User)
WHERE u.id IN $ids
RETURN u.id AS id, properties(u) AS properties
