// Makes a kind of event that is not there, such as one that was taken out since this process looked. Writes.
// $kind: the kind
MERGE (:EventKind {id: $kind})
