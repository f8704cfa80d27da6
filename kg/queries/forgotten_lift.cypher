// Lets a person come back. Writes.
// $id: keyed hash of their id
MATCH (f:Forgotten {id: $id})
WITH collect(f) AS found
FOREACH (f IN found | DELETE f)
RETURN size(found) AS lifted
