// Keeps how files of some columns are read. Writes.
// $sources: map from the key of a source to its document as JSON
MATCH (s:Schema {id: 'tastegraph'})
SET s += $sources
