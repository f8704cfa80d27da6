// The audience of an attribute: people whose profile says that they like it, the keenest first.
// $entity: id of the entity, such as brand:Fender
// $limit = 20: rows at most
// example: --param entity=genre:Crime
MATCH (u:User)-[r:INTERESTED_IN]->(:Entity {id: $entity})
WHERE r.sentiment > 0
RETURN u.id AS user, r.weight AS weight, r.sentiment AS sentiment, r.support AS support
ORDER BY weight DESC, user
LIMIT $limit
