// Removes reviews. Writes.
// $ids: list of review ids
MATCH (w:Review)
WHERE w.id IN $ids
DETACH DELETE w
