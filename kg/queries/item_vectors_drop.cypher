// Removes the vectors of a version's items. Writes.
// $version: of the model
MATCH (v:ItemVector {version: $version})
DELETE v
