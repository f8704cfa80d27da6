// Some edges of one relation that a source has brought, and who else has.
// $source: number of the source
// $most: edges at most
MATCH (h:<head>)-[r:<relation>]->(t:<tail>)
WHERE r._brought_by = $source OR $source IN coalesce(r._also_by, [])
RETURN h.id AS head, t.id AS tail, r._brought_by AS by, r._also_by AS also
LIMIT $most
