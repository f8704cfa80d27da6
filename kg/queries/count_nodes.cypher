// How many nodes a label has; neither engine walks through them.
MATCH (n:<label>)
RETURN count(n) AS count
