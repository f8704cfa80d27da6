"""The graph: schema, store port and engines, readers, named Cypher queries, snapshots.

Speaks external ids, rows and Arrow tables.
"""
