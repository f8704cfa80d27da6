// The nodes of one label that no edge ties to an item or an entity.
MATCH (n:<label>)
WHERE COUNT { MATCH (n)--(:Entity) } + COUNT { MATCH (n)--(:Item) } = 0
RETURN n.id AS id
