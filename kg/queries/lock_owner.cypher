// Who holds the lock of the refresh; until when in seconds from now.
MATCH (s:Schema {id: 'tastegraph'})
WHERE s.lock_token IS NOT NULL
RETURN s.lock_host AS host, s.lock_pid AS pid, s.lock_since AS since, (s.lock_until - timestamp()) / 1000 AS seconds
