// Removes vectors of items. Writes.
// $ids: list of ids of the vectors
UNWIND $ids AS id
MATCH (v:ItemVector {id: id})
DELETE v
