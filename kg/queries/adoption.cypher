// How a graph was adopted: a row where it has been set up.
MATCH (s:Schema {id: 'tastegraph'})
RETURN s.adoption AS adoption
