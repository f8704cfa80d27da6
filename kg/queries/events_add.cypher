// Adds events between people and items that are there; lists and text cost the driver half of maps and moments. Writes.
// $rows: list of [user, item, event id, moment as ISO text or null, value, context ...]
UNWIND $rows AS row
MATCH (u:User {id: row[0]})
MATCH (i:Item {id: row[1]})
CREATE (u)-[:<relation> {event_id: row[2], at: datetime(row[3]), value: row[4]<context>}]->(i)
RETURN count(*) AS made
