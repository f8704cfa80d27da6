// Says of all versions but one that there are no lists of them. Writes.
// $kept: the version whose lists stay
MATCH (m:Model)
WHERE m.version <> $kept
SET m.recommended = null
