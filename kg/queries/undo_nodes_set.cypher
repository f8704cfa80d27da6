// Takes from nodes what a source alone says of them; how many. Writes.
// $rows: list of {id, before: their mark, properties: null where one goes}
UNWIND $rows AS row
MATCH (n:<label> {id: row.id})
WHERE n._brought_by = row.before
SET n += row.properties
RETURN count(n) AS changed
