// Adds vectors of items or of people by one version. Writes.
// A vector comes as text, which the embedded engine reads five times as fast as a list of numbers.
// $model: the version
// $rows: list of {id, vector: numbers parted by commas}
UNWIND $rows AS row
MATCH (n:<label> {id: row.id})
CREATE (n)-[:HAS_FACTORS]->(:<label>Factors {id: $model + ' ' + row.id, model: $model,
                                             vector: [x IN split(row.vector, ',') | toFloat(x)]})
