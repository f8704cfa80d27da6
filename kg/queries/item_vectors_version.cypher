// The version of the model, if the graph holds the vectors of its items.
// $version: of the model
MATCH (m:Model {version: $version})
WHERE m.item_vectors
RETURN m.version AS version
