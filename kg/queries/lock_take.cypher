// Takes the lock of the refresh; one row where that succeeded. Writes.
// Writing first makes the server lock the node, so that what is compared then is what the last owner committed.
// $token: names this owner; asking again with the same one succeeds
// $host: of the new owner
// $pid: of the new owner
// $place: the working directory of the new owner, where no other process is at work
// $lease: milliseconds until the lock ends by itself
MATCH (s:Schema {id: 'tastegraph'})
SET s.lock_asked = $token
WITH s
WHERE s.lock_token IS NULL OR s.lock_token = $token OR s.lock_place = $place OR s.lock_until <= timestamp()
SET s.lock_token = $token, s.lock_host = $host, s.lock_pid = $pid, s.lock_place = $place,
    s.lock_since = datetime(), s.lock_until = timestamp() + $lease
RETURN s.lock_token AS token
