// Stops the count of transactions. Writes.
MATCH (c:Clock)
WITH collect(c) AS found
FOREACH (c IN found | DELETE c)
