// The events and the words of several people; lists and moments as text cost half of what maps and moments do.
// $users: list of ids
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
UNWIND $users AS id
MATCH (u:User {id: id})
RETURN u.id AS user_id,
       COLLECT {
         MATCH (u)-[e]->(i:Item)
         WHERE type(e) IN kinds
         RETURN [type(e), i.id, toString(e.at), e.value]
       } AS events,
       COLLECT {
         MATCH (u)-[:WROTE]->(r:Review)-[:ABOUT]->(i:Item)
         RETURN [r.title, r.text, i.id]
       } AS reviews
