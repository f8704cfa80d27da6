// Adds the vectors of a version's items. Writes.
// A vector comes as text, which the embedded engine reads five times as fast as a list of numbers.
// $version: of the model
// $rows: list of [id, id of the item, numbers parted by commas]
UNWIND $rows AS row
CREATE (:ItemVector {id: row[0], item: row[1], version: $version, vector: [x IN split(row[2], ',') | toFloat(x)]})
