// How much the graph holds: people, items, entities, events, reviews, edges of the knowledge graph.
// example:
MATCH (k:EventKind)
WITH collect(k.id) AS kinds
RETURN COUNT { MATCH (:User) } AS users,
       COUNT { MATCH (:Item) } AS items,
       COUNT { MATCH (:Entity) } AS entities,
       COUNT { MATCH (:User)-[r]->(:Item) WHERE type(r) IN kinds } AS interactions,
       COUNT { MATCH (:Review) } AS reviews,
       COUNT { MATCH (:Item)-[r]->(:Entity) WHERE NOT type(r) IN ['SAME_AS', 'MENTIONED_WITH', 'MENTIONS'] }
       + COUNT { MATCH (:Entity)-->(:Entity) }
       + COUNT { MATCH (:Item)-[r]->(:Item) WHERE type(r) <> 'MENTIONS' } AS triples
