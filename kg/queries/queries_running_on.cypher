// How many queries that somebody gave to this program, in whichever process, run on a second past their limits of time.
// $sort: by what the server lists them
// engine: server
SHOW TRANSACTIONS YIELD metaData, elapsedTime
WHERE metaData.tastegraph = $sort AND elapsedTime.milliseconds > metaData.milliseconds + 1000
RETURN count(*) AS queries
