// Some edges of one relation between two labels.
// $head: label of the heads
// $tail: label of the tails
// $limit: rows at most
MATCH (h)-[r:<relation>]->(t)
WHERE $head IN labels(h) AND $tail IN labels(t)
RETURN h.id AS head, t.id AS tail
LIMIT $limit
