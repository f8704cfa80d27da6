// The entities that have a name or a kind.
MATCH (e:Entity)
WHERE e.name IS NOT NULL OR e.kind IS NOT NULL
RETURN e.id AS id, e.name AS name, e.kind AS kind
