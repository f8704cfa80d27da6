// How many events each of these people has.
// $users: list of ids
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
UNWIND $users AS id
MATCH (u:User {id: id})
RETURN u.id AS user_id, COUNT { MATCH (u)-[e]->(:Item) WHERE type(e) IN kinds } AS events
