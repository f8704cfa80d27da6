// Forgets how a relation of which there is no edge any more is spelled. Writes.
// $id: the relation
MATCH (k:Relation {id: $id})
WHERE NOT EXISTS { MATCH ()-[:<relation>]->() }
DELETE k
