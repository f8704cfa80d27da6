// Removes some of the interests that no person has; how many. Writes.
// $most: at most so many at once
MATCH (i:Interest)
WHERE NOT EXISTS { MATCH (:User)-[:HAS_INTEREST]->(i) }
WITH i
LIMIT $most
WITH collect(i) AS old
FOREACH (i IN old | DETACH DELETE i)
RETURN size(old) AS gone
