// What the graph does not know: items without attributes, title or text, those that most people met first.
// $limit = 20: rows at most
// example: --param limit=5
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
MATCH (i:Item)
WITH kinds, i, CASE WHEN i.title IS NULL THEN ['title'] ELSE [] END
     + CASE WHEN i.text IS NULL THEN ['text'] ELSE [] END
     + CASE WHEN COUNT { (i)-->(:Entity) } = 0 THEN ['attributes'] ELSE [] END AS lacks
WHERE size(lacks) > 0
OPTIONAL MATCH (u:User)-[e]->(i)
WHERE type(e) IN kinds
RETURN i.id AS item, i.title AS title, lacks, count(DISTINCT u) AS people
ORDER BY people DESC, item
LIMIT $limit
