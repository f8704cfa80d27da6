// Makes a version the published one. Writes.
// $version: its name
// $key: fingerprint of what it was made from
// $now: the moment
// $figures: map of properties that say how good it is
MERGE (m:Model {version: $version})
ON CREATE SET m.created_at = $now
SET m += $figures, m.key = $key, m.published_at = $now
