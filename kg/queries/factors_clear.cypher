// Removes vectors of items or of people. Writes.
// $ids: list of ids of the vectors
UNWIND $ids AS id
MATCH (v:<label>Factors {id: id})
DETACH DELETE v
