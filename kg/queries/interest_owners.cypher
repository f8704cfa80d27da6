// Whose interests these are.
// $ids: list of interest ids
MATCH (u:User)-[:HAS_INTEREST]->(i:Interest)
WHERE i.id IN $ids
RETURN i.id AS interest, u.id AS user
