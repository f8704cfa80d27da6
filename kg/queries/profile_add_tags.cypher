// Adds tags to people. Writes.
// $rows: list of {user, entity, weight, sentiment, source, relation, support}
UNWIND $rows AS row
MATCH (u:User {id: row.user})
MATCH (e:Entity {id: row.entity})
CREATE (u)-[:INTERESTED_IN {weight: row.weight, sentiment: row.sentiment, source: row.source, relation: row.relation,
                            support: row.support}]->(e)
