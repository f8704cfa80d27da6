// All events of one kind with everything they hold.
MATCH (u:User)-[r:<relation>]->(i:Item)
RETURN u.id AS user, i.id AS item, r.event_id AS event_id, r.at AS at, r.value AS value, r.reviewed AS reviewed,
       properties(r) AS properties
