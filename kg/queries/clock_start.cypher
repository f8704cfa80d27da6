// Begins to count transactions, where that was not begun. Writes.
// $epoch: name of the count, a new one each time
MERGE (c:Clock {id: 'tastegraph'})
ON CREATE SET c.epoch = $epoch, c.tick = 0
