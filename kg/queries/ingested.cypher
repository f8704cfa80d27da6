// The sources that were ingested.
MATCH (i:Ingested)
RETURN i.verb AS verb, i.name AS name, i.number AS number, i.brought AS brought, i.undone AS undone
