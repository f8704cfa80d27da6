// Removes some of the edges of a person; how many. Writes.
// $user: id of the person
// $most: edges at most
MATCH (:User {id: $user})-[r]-()
WITH r
LIMIT $most
WITH collect(r) AS own
FOREACH (r IN own | DELETE r)
RETURN size(own) AS gone
