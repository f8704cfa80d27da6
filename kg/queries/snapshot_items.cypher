// All items.
MATCH (i:Item)
RETURN i.id AS id, i.title AS title, i.text AS text, properties(i) AS properties
