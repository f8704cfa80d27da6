// Removes the vectors of items of all versions but one. Writes.
// $version: that stays
MATCH (v:ItemVector)
WHERE v.version <> $version
DELETE v
