// Whether there is any event of a kind.
MATCH ()-[r:<relation>]->()
RETURN 1 AS one LIMIT 1
