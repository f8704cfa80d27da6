// The people who have stored lists by another version than one.
// $kept: the version
MATCH (u:User)-[r:RECOMMENDED]->(:Item)
WHERE r.model <> $kept
RETURN DISTINCT u.id AS id
