// Removes edges that one source alone has brought and that leave these nodes; how many. Writes.
// $ids: list of ids
// $tails: ids of where they lead
// $source: number of the source
MATCH (h:<head>)-[r:<relation>]->(t:<tail>)
WHERE h.id IN $ids AND t.id IN $tails AND r._brought_by = $source AND r._also_by IS NULL
WITH collect(r) AS own
FOREACH (r IN own | DELETE r)
RETURN size(own) AS gone
