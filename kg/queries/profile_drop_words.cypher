// Removes the tags and segments of people. Writes.
// Found first, deleted then: the embedded engine passes over edges when others are deleted while it looks for them.
// $users: list of ids
UNWIND $users AS user
MATCH (:User {id: user})-[r:INTERESTED_IN|IN_SEGMENT]->()
WITH collect(r) AS old
FOREACH (r IN old | DELETE r)
