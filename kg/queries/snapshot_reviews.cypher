// All reviews.
MATCH (u:User)-[:WROTE]->(w:Review)-[:ABOUT]->(i:Item)
RETURN w.id AS id, u.id AS user, i.id AS item, w.title AS title, w.text AS text, w.at AS at
