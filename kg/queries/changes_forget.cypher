// Removes what is noted of transactions up to a count. Writes.
// $tick: the count
// $most: at most so many at once
MATCH (c:Change)
WHERE c.tick <= $tick
WITH c LIMIT $most
WITH collect(c) AS old
FOREACH (c IN old | DELETE c)
RETURN size(old) AS gone
