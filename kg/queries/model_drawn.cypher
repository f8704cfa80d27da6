// Says that all profiles are drawn by a version. Writes.
// $version: its name
MATCH (m:Model {version: $version})
SET m.undrawn = null
