// The relations of the knowledge graph and how many edges each has.
// example:
MATCH (h)-[r]->(t)
WHERE (h:Item OR h:Entity) AND (t:Item OR t:Entity)
RETURN type(r) AS relation, count(r) AS edges
ORDER BY edges DESC, relation
