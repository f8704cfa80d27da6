// A person's profile in words: entities with weight and sentiment, the strongest first.
// $user: id of the person
// $limit = 20: rows at most
// example: --param user=ann
MATCH (u:User {id: $user})-[r:INTERESTED_IN]->(e:Entity)
RETURN e.kind AS kind, coalesce(e.name, e.id) AS name, r.relation AS relation, r.weight AS weight,
       r.sentiment AS sentiment, r.support AS support, r.source AS source
ORDER BY weight DESC, name
LIMIT $limit
