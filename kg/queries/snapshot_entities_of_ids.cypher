// The entities with these ids.
// $ids: list of ids
MATCH (e:Entity)
WHERE e.id IN $ids
RETURN e.id AS id, e.name AS name, e.kind AS kind
