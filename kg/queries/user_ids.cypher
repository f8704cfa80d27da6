// The ids of all people, in order.
MATCH (u:User)
RETURN u.id AS id
ORDER BY id
