// How many events of each kind there are, from when to when, with the declared scale.
// example:
MATCH (k:EventKind)
OPTIONAL MATCH (:User)-[e]->(:Item)
WHERE type(e) = k.id
RETURN k.id AS kind, count(e) AS events, min(e.at) AS first, max(e.at) AS last, k.minimum AS minimum, k.maximum AS maximum
ORDER BY kind
