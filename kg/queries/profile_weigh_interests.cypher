// Sets name and weight of interests that stay. Writes.
// $rows: list of {id, name, weight}
UNWIND $rows AS row
MATCH (i:Interest {id: row.id})
SET i.name = row.name, i.weight = row.weight
