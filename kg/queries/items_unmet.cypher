// The items that others point at and of which nothing is known: no text, no edge of their own, no person who met them.
MATCH (i:Item)
WHERE i.title IS NULL AND i.text IS NULL AND COUNT { MATCH (:Item)-->(i) } > 0
  AND COUNT { MATCH (i)-->() } = 0 AND COUNT { MATCH (:User)-->(i) } = 0
RETURN i.id AS id, properties(i) AS properties
