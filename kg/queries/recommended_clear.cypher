// Removes the lists of these people by one version. Writes.
// $users: list of ids
// $model: the version
UNWIND $users AS user
MATCH (:User {id: user})-[r:RECOMMENDED]->()
WHERE r.model = $model
WITH collect(r) AS old
FOREACH (r IN old | DELETE r)
