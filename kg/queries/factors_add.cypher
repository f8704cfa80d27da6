// Adds vectors of items or of people by one version. Writes.
// A vector comes as text, which the embedded engine reads five times as fast as a list of numbers.
// $model: the version
// $rows: list of {id, of: id of the item or the person, vector: numbers parted by commas}
UNWIND $rows AS row
MATCH (n:<label> {id: row.of})
CREATE (n)-[:HAS_FACTORS]->(:<label>Factors {id: row.id, model: $model,
                                             vector: [x IN split(row.vector, ',') | toFloat(x)]})
