// How many nodes and edges there are of any kind.
RETURN COUNT { MATCH (n) WHERE NOT n:Schema } AS nodes, COUNT { MATCH ()-[r]->() } AS edges
