// Removes the mentions in some texts. Writes.
// $ids: list of ids
UNWIND $ids AS id
MATCH (:<label> {id: id})-[r:MENTIONS]->()
WITH collect(r) AS old
FOREACH (r IN old | DELETE r)
