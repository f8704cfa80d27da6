// Says what the values of a kind are; what is null stays as it is. Writes.
// $kind: the kind
// $meaning: rating, count, flag, event or like
// $weight: of one event
// $unrated: values that stand for none, with a blank between
MATCH (k:EventKind {id: $kind})
SET k.meaning = coalesce($meaning, k.meaning), k.weight = coalesce($weight, k.weight),
    k.unrated = coalesce($unrated, k.unrated)
RETURN k.id AS kind
