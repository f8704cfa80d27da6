// The versions that were made with people who are forgotten.
MATCH (f:Forgotten)
WHERE f.version IS NOT NULL
RETURN DISTINCT f.version AS version
