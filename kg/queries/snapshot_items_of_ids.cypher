// The items with these ids.
// $ids: list of ids
MATCH (i:Item)
WHERE i.id IN $ids
RETURN i.id AS id, i.title AS title, i.text AS text, properties(i) AS properties
