// Removes some of a person's own nodes (reviews, interests) with all their edges; how many. Writes.
// $user: id of the person
// $most: nodes at most
MATCH (:User {id: $user})-[:<relations>]->(n)
WITH n
LIMIT $most
WITH collect(n) AS own
FOREACH (n IN own | DETACH DELETE n)
RETURN size(own) AS gone
