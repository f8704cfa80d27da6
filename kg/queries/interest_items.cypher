// Items that fit a person's interests and were not met: they share entities with an interest's items, rare ones first.
// $user: id of the person
// $limit = 20: rows at most
// example: --param user=eve
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
MATCH (u:User {id: $user})-[:HAS_INTEREST]->(n:Interest)
MATCH (own:Item)-->(e:Entity)<--(i:Item)
WHERE own.id IN n.items AND NOT i.id IN n.items
WITH DISTINCT kinds, u, n, e, i
WHERE NONE(kind IN COLLECT { MATCH (u)-[d]->(i) RETURN type(d) } WHERE kind IN kinds)
WITH n, i, e, COUNT { (e)<--(:Item) } AS items
RETURN n.name AS interest, i.id AS item, i.title AS title, count(e) AS shared, sum(1.0 / items) AS fit
ORDER BY fit DESC, interest, item
LIMIT $limit
