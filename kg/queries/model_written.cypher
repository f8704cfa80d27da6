// Says what of a version is written in the graph. Writes.
// $version: its name
// $recommended: length of its lists; null: there are none
// $vectors: length of its vectors; null: there are none
MATCH (m:Model {version: $version})
SET m.recommended = $recommended, m.vectors = $vectors
