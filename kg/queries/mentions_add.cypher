// Adds mentions of entities or items to texts. Writes.
// $rows: list of {text, target, count}
UNWIND $rows AS row
MATCH (t:<label> {id: row.text})
MATCH (n:<target> {id: row.target})
CREATE (t)-[:MENTIONS {count: row.count}]->(n)
