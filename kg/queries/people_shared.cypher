// Why two people are alike: what both like or dislike in words, and what both did something with.
// $first: id of one person
// $second: id of the other
// example: --param first=ann --param second=eve
MATCH (a:User {id: $first})-[r:INTERESTED_IN]->(e:Entity)<-[s:INTERESTED_IN]-(b:User {id: $second})
RETURN e.kind AS what, e.id AS id, coalesce(e.name, e.id) AS name, r.weight * r.sentiment AS first,
       s.weight * s.sentiment AS second
ORDER BY what, id
UNION ALL
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
MATCH (a:User {id: $first})-[d]->(i:Item)<-[f]-(b:User {id: $second})
WHERE type(d) IN kinds AND type(f) = type(d)
RETURN type(d) AS what, i.id AS id, i.title AS name, avg(d.value) AS first, avg(f.value) AS second
ORDER BY what, id
