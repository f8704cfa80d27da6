// What transactions have changed since a count, in the order of their commits.
// $tick: the count
MATCH (c:Change)
WHERE c.tick > $tick
RETURN c.tick AS tick, c.touched AS touched, c.removed AS removed
ORDER BY tick
