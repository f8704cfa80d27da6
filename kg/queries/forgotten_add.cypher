// Notes that a person must not come back. Writes.
// $id: keyed hash of their id
// $version: the published version, which was made with them; null: none
MERGE (f:Forgotten {id: $id})
ON CREATE SET f.at = datetime()
SET f.version = coalesce($version, f.version)
