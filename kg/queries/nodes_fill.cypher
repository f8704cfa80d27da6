// Makes nodes or fills in and overwrites their properties; removes none. Writes.
// $rows: list of {id, properties}
UNWIND $rows AS row
MERGE (n:<label> {id: row.id})
SET n += row.properties
