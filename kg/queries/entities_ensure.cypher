// Makes entities that are not there yet, and names those that had no name. Writes.
// $rows: list of {id, name, kind, _brought_by}
UNWIND $rows AS row
MERGE (e:Entity {id: row.id})<made>
SET e.name = coalesce(e.name, row.name), e.kind = coalesce(e.kind, row.kind)<marked>
