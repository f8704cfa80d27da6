// Removes some of the vectors of items or of people by all versions but one; how many. Writes.
// $kept: the version whose vectors stay
// $most: at most so many at once
MATCH (v:<label>Factors)
WHERE v.model <> $kept
WITH v
LIMIT $most
WITH collect(v) AS old
FOREACH (v IN old | DETACH DELETE v)
RETURN size(old) AS gone
