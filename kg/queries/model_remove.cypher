// Removes versions. Writes.
// $versions: list of names
MATCH (m:Model)
WHERE m.version IN $versions
DETACH DELETE m
