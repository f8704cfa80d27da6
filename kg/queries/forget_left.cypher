// What is left of a person who was forgotten, which is 0 everywhere: nodes, reviews and interests without a person.
// $user: id of the person
RETURN COUNT { MATCH (u:User {id: $user}) } AS people,
       COUNT { MATCH (w:Review) WHERE NOT EXISTS { MATCH (:User)-[:WROTE]->(w) } } AS reviews_of_nobody,
       COUNT { MATCH (n:Interest) WHERE NOT EXISTS { MATCH (:User)-[:HAS_INTEREST]->(n) } } AS interests_of_nobody
