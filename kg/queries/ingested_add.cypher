// Gives a source that is to be ingested a number that no other has had. Writes.
// $id: its verb and its name
// $verb: how it is ingested
// $name: what it is called
MATCH (s:Schema {id: 'tastegraph'})
SET s.ingested = coalesce(s.ingested, 0) + 1
WITH s
OPTIONAL MATCH (other:Ingested)
WITH s, max(other.number) AS most
MERGE (i:Ingested {id: $id})
ON CREATE SET i.number = CASE WHEN most >= s.ingested THEN most + 1 ELSE s.ingested END, i.verb = $verb,
              i.name = $name, i.brought = 0
SET i.undone = null, s.ingested = CASE WHEN i.number > s.ingested THEN i.number ELSE s.ingested END
RETURN i.number AS number
