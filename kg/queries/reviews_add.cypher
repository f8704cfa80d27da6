// Adds reviews by people about items that are there. Writes.
// $rows: list of {id, user, item, title, text, at as ISO text}
UNWIND $rows AS row
MATCH (u:User {id: row.user})
MATCH (i:Item {id: row.item})
CREATE (u)-[:WROTE]->(:Review {id: row.id, title: row.title, text: row.text, at: datetime(row.at)})-[:ABOUT]->(i)
RETURN count(*) AS made
