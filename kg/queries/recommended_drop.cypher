// Removes the lists of these people by all versions but one. Writes.
// $users: list of ids
// $kept: the version whose lists stay; the empty text: none
UNWIND $users AS user
MATCH (:User {id: user})-[r:RECOMMENDED]->()
WHERE r.model <> $kept
WITH collect(r) AS old
FOREACH (r IN old | DELETE r)
