// The key of the hashes, made by the first who asks for it. Writes.
// $new: a random one
MATCH (s:Schema {id: 'tastegraph'})
SET s.forget_key = coalesce(s.forget_key, $new)
RETURN s.forget_key AS key
