// What is left of a person who was forgotten, which is 0 everywhere: nodes, what has lost its person, noted changes.
// $user: id of the person
RETURN COUNT { MATCH (u:User {id: $user}) } AS people,
       COUNT { MATCH (w:Review) WHERE NOT EXISTS { MATCH (:User)-[:WROTE]->(w) } } AS reviews_of_nobody,
       COUNT { MATCH (n:Interest) WHERE NOT EXISTS { MATCH (:User)-[:HAS_INTEREST]->(n) } } AS interests_of_nobody,
       COUNT { MATCH (u)-[:RECOMMENDED]->(:Item) WHERE NOT u:User } AS lists_of_nobody,
       COUNT { MATCH (c:Change) WHERE ('User:' + $user) IN c.touched OR ('User:' + $user) IN c.removed } AS changes
