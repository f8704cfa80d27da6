// How many events of a kind have a value outside a range, and the lowest and highest of these.
// $minimum: lowest value of the range
// $maximum: highest value of the range
MATCH (:User)-[e:<relation>]->(:Item)
WHERE e.value < $minimum OR e.value > $maximum
RETURN count(e) AS events, min(e.value) AS lowest, max(e.value) AS highest
