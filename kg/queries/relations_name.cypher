// Keeps how the source of a relation spells it, where nothing is kept yet. Writes.
// $rows: list of {id, name}
UNWIND $rows AS row
MERGE (r:Relation {id: row.id})
SET r.name = coalesce(r.name, row.name)
