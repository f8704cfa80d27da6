// The people of a segment, the clearest members first.
// $segment: id of the segment
// $limit = 20: rows at most
// example: --param segment=segment:1
MATCH (u:User)-[r:IN_SEGMENT]->(s:Segment {id: $segment})
RETURN u.id AS user, r.strength AS strength, s.name AS segment
ORDER BY strength DESC, user
LIMIT $limit
