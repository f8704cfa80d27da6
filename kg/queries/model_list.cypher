// All versions that were published, the newest first.
MATCH (m:Model)
WHERE m.published_at IS NOT NULL
RETURN m.version AS version, m.key AS key, m.created_at AS created_at, m.published_at AS published_at,
       m.recall_at_10 AS recall_at_10, m.ndcg_at_10 AS ndcg_at_10, m.mrr_at_10 AS mrr_at_10,
       m.recommended AS recommended, m.vectors AS vectors
ORDER BY created_at DESC, version DESC
