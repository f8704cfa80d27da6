// Makes the nodes that are not there yet. Writes.
// $ids: list of ids
UNWIND $ids AS id
MERGE (n:<label> {id: id})<marked>
