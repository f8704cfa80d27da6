// The declared kinds of event, with their scales.
MATCH (k:EventKind)
RETURN k.id AS kind, k.minimum AS minimum, k.maximum AS maximum
