// Keeps the map by which a graph was adopted. Writes.
// $adoption: the map as JSON
MATCH (s:Schema {id: 'tastegraph'})
SET s.adoption = $adoption
