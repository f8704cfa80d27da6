// The vector index of this name, with its dimension and similarity, and whether it is filled.
// engine: server
// $name: of the index
SHOW VECTOR INDEXES YIELD name, options, state
WHERE name = $name
RETURN options.indexConfig AS config, state
