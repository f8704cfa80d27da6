// The vector index of this name, with its dimension and similarity.
// For a server alone.
// $name: of the index
SHOW VECTOR INDEXES YIELD name, options
WHERE name = $name
RETURN options.indexConfig AS config
