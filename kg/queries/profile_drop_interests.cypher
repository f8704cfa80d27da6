// Removes the interests of people that are not kept. Writes.
// $rows: list of {user, kept: ids of interests that stay}
UNWIND $rows AS row
MATCH (:User {id: row.user})-[:HAS_INTEREST]->(i:Interest)
WHERE NOT i.id IN row.kept
WITH collect(i) AS old
FOREACH (i IN old | DETACH DELETE i)
