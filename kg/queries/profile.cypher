// A person's profile as it is stored: properties (habits among them), interests, tags and segments.
// $user: id of the person
MATCH (u:User {id: $user})
RETURN properties(u) AS properties,
       COLLECT {
         MATCH (u)-[:HAS_INTEREST]->(i:Interest)
         RETURN {id: i.id, name: i.name, weight: i.weight, size: i.size, items: i.items, vector: i.vector}
       } AS interests,
       COLLECT {
         MATCH (u)-[r:INTERESTED_IN]->(e:Entity)
         RETURN {entity_id: e.id, name: e.name, kind: e.kind, relation: r.relation, weight: r.weight,
                 sentiment: r.sentiment, support: r.support, source: r.source}
       } AS tags,
       COLLECT {
         MATCH (u)-[r:IN_SEGMENT]->(s:Segment)
         RETURN {segment_id: s.id, name: s.name, strength: r.strength}
       } AS segments
