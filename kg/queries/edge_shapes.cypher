// How many edges of each relation there are between each pair of labels.
// $labels: the labels of the schema; a node is called by the first of them that it has
MATCH (h)-[r]->(t)
WITH [label IN labels(h) WHERE label IN $labels] AS heads, type(r) AS relation,
     [label IN labels(t) WHERE label IN $labels] AS tails
RETURN heads[0] AS head, relation, tails[0] AS tail, count(*) AS edges
ORDER BY head, relation, tail
