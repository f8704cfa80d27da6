// The nodes whose vectors are most like one, by a vector index.
// For a server alone, whose scores are (1 + cosine) / 2.
// $index: its name
// $vector: list of numbers
// $k: how many
CALL db.index.vector.queryNodes($index, $k, $vector) YIELD node, score
RETURN node.id AS id, 2 * score - 1 AS score
ORDER BY score DESC, id
