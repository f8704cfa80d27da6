// How many events each of these people has, and how many reviews.
// $users: list of ids
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
UNWIND $users AS id
MATCH (u:User {id: id})
RETURN u.id AS user_id,
       COUNT { MATCH (u)-[e]->(:Item) WHERE type(e) IN kinds } AS events,
       COUNT { MATCH (u)-[:WROTE]->(:Review)-[:ABOUT]->(:Item) } AS reviews
