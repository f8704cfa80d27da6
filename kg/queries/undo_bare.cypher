// Removes those of some nodes of which nothing says anything and to which only what is derived leads; how many. Writes.
// $ids: list of ids
// $derived: types of edges that a refresh makes
MATCH (n:<label>)
WHERE n.id IN $ids AND n._brought_by = ''
  AND NOT EXISTS { MATCH (n)-[r]-() WHERE NOT type(r) IN $derived }
OPTIONAL MATCH (n)-[:HAS_INTEREST|HAS_FACTORS]->(own)
WITH collect(DISTINCT n) AS nodes, collect(DISTINCT own) AS theirs
FOREACH (m IN theirs | DETACH DELETE m)
FOREACH (m IN nodes | DETACH DELETE m)
RETURN size(nodes) AS gone
