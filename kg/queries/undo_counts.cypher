// How many events or edges of one type a source has brought, alone and with others.
// $source: number of the source
MATCH ()-[r:<relation>]->()
WHERE r._brought_by = $source OR $source IN coalesce(r._also_by, [])
RETURN sum(CASE WHEN r._brought_by = $source AND r._also_by IS NULL THEN 1 ELSE 0 END) AS alone, count(r) AS all
