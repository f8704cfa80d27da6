// Says that the vectors of a version's items are there, and of no other. Writes.
// $version: of the model
MATCH (m:Model)
SET m.item_vectors = CASE WHEN m.version = $version THEN true ELSE null END
