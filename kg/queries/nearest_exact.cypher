// The nodes of a label whose vectors are most like one, each compared.
// For the embedded engine alone: a server's function is scaled otherwise.
// $vector: list of numbers
// $k: how many
MATCH (n:<label>)
WHERE size(n.<property>) = size($vector)
RETURN n.id AS id, vector.similarity.cosine(n.<property>, $vector) AS score
ORDER BY score DESC, id
LIMIT $k
