// Removes the segments that are not kept, with everyone's membership in them. Writes.
// $kept: list of ids
MATCH (s:Segment)
WHERE NOT s.id IN $kept
WITH collect(s) AS old
FOREACH (s IN old | DETACH DELETE s)
