// Notes who still brings edges that several sources have brought; how many. Writes.
// $ids: list of ids
// $by: number of the first source
// $also: numbers of the others
// $now: number of the first source that is left, or null
// $others: numbers of the others that are left, or null
MATCH (h:<head>)-[r:<relation>]->(t:<tail>)
WHERE h.id IN $ids AND r._brought_by = $by AND r._also_by = $also
SET r._brought_by = $now, r._also_by = $others
RETURN count(r) AS kept
