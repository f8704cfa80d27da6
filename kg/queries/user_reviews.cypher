// What a person wrote, the latest first.
// $user: id of the person
// $limit = 20: rows at most
// example: --param user=bob
MATCH (u:User {id: $user})-[:WROTE]->(r:Review)-[:ABOUT]->(i:Item)
RETURN i.id AS item, i.title AS item_title, r.title AS title, r.text AS text, r.at AS at, r.id AS id
ORDER BY at DESC, id
LIMIT $limit
