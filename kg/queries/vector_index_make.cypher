// Makes an index of a server over the vectors that nodes of a label have in a property. Writes.
// $config: dimension, similarity and quantisation, by the server's names
// engine: server
CREATE VECTOR INDEX <index> IF NOT EXISTS FOR (n:<label>) ON (n.<property>)
OPTIONS {indexConfig: $config}
