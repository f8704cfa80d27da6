// The named entities of some kinds.
// $kinds: list of kinds
MATCH (e:Entity)
WHERE e.kind IN $kinds AND e.name IS NOT NULL
RETURN e.id AS id, e.name AS name, e.kind AS kind
