// Whether an item is known: one row if it is.
// $item: id of the item
MATCH (i:Item {id: $item})
RETURN i.id AS id
