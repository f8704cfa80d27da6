// Notes the version of the schema and what else is known of it. Writes.
// $properties: map with version in it
MERGE (s:Schema {id: 'tastegraph'})
SET s += $properties
