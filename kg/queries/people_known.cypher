// Whom a person knows: friends, told by either of the two, and whom they follow.
// $user: id of the person
// $limit = 50: rows at most
// example: --param user=ann
MATCH (u:User {id: $user})-[r]-(other:User)
WHERE type(r) = 'FRIEND' OR startNode(r) = u
RETURN type(r) AS relation, other.id AS user, max(r.weight) AS weight, min(r.at) AS since
ORDER BY relation, user
LIMIT $limit
