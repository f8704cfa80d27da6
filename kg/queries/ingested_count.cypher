// Counts what a source has brought. Writes.
// $id: its verb and its name
// $brought: records that were new
MATCH (i:Ingested {id: $id})
SET i.brought = coalesce(i.brought, 0) + $brought
