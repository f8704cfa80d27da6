// The types of all edges that were ever made.
CALL db.relationshipTypes() YIELD relationshipType
RETURN relationshipType AS relation
