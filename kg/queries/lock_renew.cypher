// Puts off the end of the lock; one row where it is still this owner's. Writes.
// $token: of the owner
// $lease: milliseconds from now
MATCH (s:Schema {id: 'tastegraph'})
SET s.lock_asked = $token
WITH s
WHERE s.lock_token = $token
SET s.lock_until = timestamp() + $lease
RETURN s.lock_token AS token
