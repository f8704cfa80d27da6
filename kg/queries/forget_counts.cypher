// What the graph holds of a person; no row: nothing.
// $user: id of the person
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
MATCH (u:User {id: $user})
RETURN COUNT { MATCH (u)-[e]->(:Item) WHERE type(e) IN kinds } AS events,
       COUNT { MATCH (u)-[:WROTE]->(:Review) } AS reviews,
       COUNT { MATCH (u)-[:HAS_INTEREST]->(:Interest) } AS interests,
       COUNT { MATCH (u)-->() } AS edges
