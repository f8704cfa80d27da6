// Says of all versions but one that nothing of theirs is written in the graph. Writes.
// $kept: the version whose lists and vectors stay
MATCH (m:Model)
WHERE m.version <> $kept
SET m.recommended = null, m.vectors = null
