// People with like interests: the cosine of what two people like and dislike in words.
// $user: id of the person
// $limit = 10: rows at most
// example: --param user=ann
MATCH (u:User {id: $user})-[r:INTERESTED_IN]->(own:Entity)
WITH u, sum(r.weight * r.weight) AS mine
MATCH (u)-[r:INTERESTED_IN]->(e:Entity)<-[s:INTERESTED_IN]-(other:User)
WHERE other.id <> $user
WITH mine, other, count(DISTINCT e) AS shared, sum(r.weight * r.sentiment * s.weight * s.sentiment) AS product
MATCH (other)-[t:INTERESTED_IN]->(its:Entity)
WITH other, shared, product, mine, sum(t.weight * t.weight) AS others
RETURN other.id AS user, product / sqrt(mine * others) AS similarity, shared
ORDER BY similarity DESC, user
LIMIT $limit
