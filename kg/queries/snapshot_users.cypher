// All people.
MATCH (u:User)
RETURN u.id AS id, properties(u) AS properties
