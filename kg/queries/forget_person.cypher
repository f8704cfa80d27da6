// Removes a person who has no edges left. Writes.
// $user: id of the person
MATCH (u:User {id: $user})
DETACH DELETE u
