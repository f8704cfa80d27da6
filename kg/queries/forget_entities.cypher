// Removes the entities that nothing but this person points at, such as an address; how many. Writes.
// $user: id of the person
MATCH (u:User {id: $user})-->(e:Entity)
WITH DISTINCT u, e
WHERE NOT EXISTS { MATCH (e)--(other) WHERE other <> u }
WITH collect(e) AS own
FOREACH (e IN own | DETACH DELETE e)
RETURN size(own) AS gone
