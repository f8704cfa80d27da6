// The nodes of a label whose vectors are most like one, each compared.
// A server's function of the same name is scaled otherwise.
// engine: embedded
// $vector: list of numbers
// $k: how many
MATCH (n:<label>)
WHERE size(n.<property>) = size($vector)
RETURN n.id AS id, vector.similarity.cosine(n.<property>, $vector) AS score
ORDER BY score DESC, id
LIMIT $k
