// Makes nodes of the labels and properties that are put in. Writes.
// $rows: list of [number, value of each property ...]
UNWIND $rows AS row
CREATE (n<labels> {<properties>})
RETURN row[0] AS number, elementId(n) AS key
