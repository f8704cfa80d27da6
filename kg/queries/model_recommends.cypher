// Says how many items each stored list of a version has; null: that there are none. Writes.
// $version: its name
// $count: the length
MATCH (m:Model {version: $version})
SET m.recommended = $count
