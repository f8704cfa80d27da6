// A person's stored list by the published version, the best first; empty where no lists were asked for.
// $user: id of the person
// example: --param user=eve
MATCH (m:Model)
WHERE m.published_at IS NOT NULL
WITH m
ORDER BY m.published_at DESC
LIMIT 1
MATCH (:User {id: $user})-[r:RECOMMENDED]->(i:Item)
WHERE m.recommended IS NOT NULL AND r.model = m.version
RETURN r.rank AS rank, i.id AS item, i.title AS title, r.score AS score, r.model AS model
ORDER BY rank
