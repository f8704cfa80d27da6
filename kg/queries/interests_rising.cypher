// Interests that rise: entities with a larger share of the latest events than of all; the last day of the graph counts.
// $days = 30: how long "the latest" reaches back
// $least = 5: events that an entity has among the latest at least
// $limit = 20: rows at most
// example: --param least=1
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
MATCH (:User)-[e]->(:Item)
WHERE type(e) IN kinds AND e.at IS NOT NULL
WITH kinds, max(e.at) AS latest
WITH kinds, latest - duration({days: $days}) AS since
MATCH (:User)-[e]->(i:Item)
WHERE type(e) IN kinds AND e.at IS NOT NULL
WITH i, count(e) AS ever, sum(CASE WHEN e.at > since THEN 1 ELSE 0 END) AS lately
WITH collect({item: i, ever: ever, lately: lately}) AS rows, sum(ever) AS all_ever, sum(lately) AS all_lately
UNWIND rows AS row
WITH row.item AS i, row.ever AS ever, row.lately AS lately, all_ever, all_lately
MATCH (i)-[]->(n:Entity)
WITH DISTINCT i, n, ever, lately, all_ever, all_lately
WITH n, sum(ever) AS ever, sum(lately) AS lately, all_ever, all_lately
WHERE lately >= $least
RETURN n.kind AS kind, coalesce(n.name, n.id) AS name, lately, ever,
       (1.0 * lately / all_lately) / (1.0 * ever / all_ever) AS rise
ORDER BY rise DESC, lately DESC, kind, name
LIMIT $limit
