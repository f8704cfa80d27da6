// The declared kinds of event, with what is declared of their values.
MATCH (k:EventKind)
RETURN k.id AS kind, k.minimum AS minimum, k.maximum AS maximum,
       k.meaning AS meaning, k.weight AS weight, k.unrated AS unrated
