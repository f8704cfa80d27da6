// Some nodes of one label of which a source says something.
// $token: what their mark contains
// $most: nodes at most
MATCH (n:<label>)
WHERE n._brought_by CONTAINS $token
RETURN n.id AS id, properties(n) AS properties
LIMIT $most
