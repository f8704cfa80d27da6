// The keyed hashes of the people who were forgotten, and their key.
MATCH (s:Schema {id: 'tastegraph'})
RETURN s.forget_key AS key, COLLECT { MATCH (f:Forgotten) RETURN f.id } AS ids
