// Declares the scale of a kind that has none. Writes.
// $kind: the kind
// $minimum: lowest value
// $maximum: highest value
MATCH (k:EventKind {id: $kind})
SET k.minimum = coalesce(k.minimum, $minimum), k.maximum = coalesce(k.maximum, $maximum)
RETURN k.minimum AS minimum, k.maximum AS maximum
