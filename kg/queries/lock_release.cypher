// Gives the lock back where it is still this owner's. Writes.
// $token: of the owner
MATCH (s:Schema {id: 'tastegraph'})
SET s.lock_asked = $token
WITH s
WHERE s.lock_token = $token
REMOVE s.lock_asked, s.lock_token, s.lock_host, s.lock_pid, s.lock_place, s.lock_since, s.lock_until
