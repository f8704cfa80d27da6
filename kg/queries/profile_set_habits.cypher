// Sets the habits of people. Writes.
// $rows: list of {user, habits: map of properties, where null removes one}
UNWIND $rows AS row
MATCH (u:User {id: row.user})
SET u += row.habits
