// Removes a kind of which there is no event any more. Writes.
// $kind: the kind
MATCH (k:EventKind {id: $kind})
WHERE NOT EXISTS { MATCH ()-[:<relation>]->() }
DELETE k
