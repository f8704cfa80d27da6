// The reviews with these ids.
// $ids: list of review ids
MATCH (w:Review)
WHERE w.id IN $ids
MATCH (u:User)-[:WROTE]->(w)-[:ABOUT]->(i:Item)
RETURN w.id AS id, u.id AS user, i.id AS item, w.title AS title, w.text AS text, w.at AS at
