// The events and the words of several people.
// $users: list of ids
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
UNWIND $users AS id
MATCH (u:User {id: id})
RETURN u.id AS user_id,
       COLLECT {
         MATCH (u)-[e]->(i:Item)
         WHERE type(e) IN kinds
         RETURN {kind: type(e), item_id: i.id, value: e.value, at: e.at, event_id: e.event_id}
       } AS events,
       COLLECT {
         MATCH (u)-[:WROTE]->(r:Review)-[:ABOUT]->(i:Item)
         RETURN {id: r.id, item_id: i.id, title: r.title, text: r.text, at: r.at}
       } AS reviews
