// What a live profile is drawn from: a person's events, reviews, and the ids of the interests stored now.
// $user: id of the person
// $most: events to return at most
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
MATCH (u:User {id: $user})
RETURN COLLECT {
         MATCH (u)-[e]->(i:Item)
         WHERE type(e) IN kinds
         RETURN [type(e), i.id, toString(e.at), e.value]
         LIMIT $most
       } AS events,
       COLLECT {
         MATCH (u)-[:WROTE]->(r:Review)-[:ABOUT]->(i:Item)
         RETURN [i.id, r.title, r.text]
       } AS reviews,
       COLLECT {
         MATCH (u)-[:HAS_INTEREST]->(n:Interest)
         RETURN n.id
       } AS interests
