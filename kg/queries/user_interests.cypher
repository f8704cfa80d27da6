// A person's interests with weights, the strongest first (their vectors left out).
// $user: id of the person
// example: --param user=ann
MATCH (u:User {id: $user})-[:HAS_INTEREST]->(i:Interest)
RETURN i.name AS name, i.weight AS weight, i.size AS size, i.items AS items
ORDER BY weight DESC, name
