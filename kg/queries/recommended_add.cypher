// Adds to people's lists by one version. Writes.
// $model: the version
// $rows: list of [user, item, rank, score]
UNWIND $rows AS row
MATCH (u:User {id: row[0]})
MATCH (i:Item {id: row[1]})
CREATE (u)-[:RECOMMENDED {rank: row[2], score: row[3], model: $model}]->(i)
