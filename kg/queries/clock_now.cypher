// How far the graph has come: the name of its count, and the count of transactions since it began.
MATCH (c:Clock {id: 'tastegraph'})
RETURN c.epoch AS epoch, c.tick AS tick
