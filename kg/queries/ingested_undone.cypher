// Notes that nothing of a source is left, and forgets how it was read. Writes.
// $id: its verb and its name
// $sources: map from the key of how it was read to null
MATCH (i:Ingested {id: $id}), (s:Schema {id: 'tastegraph'})
SET i.undone = true, i.brought = 0, s += $sources
