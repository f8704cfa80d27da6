// Adds interests to people. Writes.
// A vector comes as text, which the embedded engine reads five times as fast as a list of numbers.
// $rows: list of {user, id, name, weight, vector: numbers parted by commas, size, items}
UNWIND $rows AS row
MATCH (u:User {id: row.user})
CREATE (u)-[:HAS_INTEREST]->(:Interest {id: row.id, name: row.name, weight: row.weight, size: row.size,
                                        items: row.items,
                                        vector: [x IN split(row.vector, ',') | toFloat(x)]})
