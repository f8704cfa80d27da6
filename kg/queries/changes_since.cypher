// What transactions have changed after a count and up to another one, in the order of their commits.
// $tick: the count
// $until: the other one
MATCH (c:Change)
WHERE c.tick > $tick AND c.tick <= $until
RETURN c.tick AS tick, c.touched AS touched, c.removed AS removed
ORDER BY tick
