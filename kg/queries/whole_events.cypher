// All events of one kind with everything they hold.
MATCH (u:User)-[r:<relation>]->(i:Item)
RETURN u.id AS user, i.id AS item, properties(r) AS properties
