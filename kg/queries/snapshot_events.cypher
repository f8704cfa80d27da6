// All events of one kind.
MATCH (u:User)-[r:<relation>]->(i:Item)
RETURN u.id AS user, i.id AS item, r.at AS at, r.value AS value, r.event_id AS event_id
