// The published version: of all versions the one published last.
MATCH (m:Model)
WHERE m.published_at IS NOT NULL
RETURN m.version AS version, m.key AS key, m.created_at AS created_at, m.published_at AS published_at,
       m.recall_at_10 AS recall_at_10, m.ndcg_at_10 AS ndcg_at_10, m.mrr_at_10 AS mrr_at_10,
       m.recommended AS recommended, m.vectors AS vectors, m.undrawn AS undrawn
ORDER BY published_at DESC
LIMIT 1
