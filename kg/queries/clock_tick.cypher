// Counts a transaction, and says what it has changed: its last statement. Does nothing before the first refresh. Writes.
// Adding to the count locks it until the commit, so counts are in the order of commits.
// $touched: keys such as RATED:e1, Review:e1, User:u1, Item:i1, Entity:brand:Acme: what is there now is read again
// $removed: keys of nodes that were deleted with all their edges
MATCH (c:Clock {id: 'tastegraph'})
SET c.tick = c.tick + 1
CREATE (:Change {tick: c.tick, touched: $touched, removed: $removed})
