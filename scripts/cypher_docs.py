"""Writes docs/cypher.md: every named query with its parameters, its text, and what it answers on a small graph.

.venv/bin/python scripts/cypher_docs.py
"""

from __future__ import annotations

import shlex
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kg import queries
from kg.engines import open_store
from kg.ingest import ingest
from kg.records import Attribute, Interaction, ItemRecord, Record, Related, Scale, Tie, Triple
from kg.store import Statement, Store

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "cypher.md"
HEAD = """# Queries

Each of these runs as `tastegraph query NAME`, from Python as `recommender.query(name, ...)`, and pasted as it stands in
Neo4j Browser or cypher-shell. They only read. The answers are those of the small graph in
[scripts/cypher_docs.py](../scripts/cypher_docs.py), which writes this page from the files in `kg/queries/`.
"""

DAY = [datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(60)]
CRIME, HORROR = (Attribute("HAS_GENRE", "genre", name) for name in ("Crime", "Horror"))
MANN, SCOTT = (Attribute("DIRECTED_BY", "director", name) for name in ("Mann", "Scott"))

WORLD: list[Record] = [
    ItemRecord("a", "Heat", text="Thieves in a city.", attributes=(CRIME, MANN), related=(Related("ALSO_SEEN", "b"),)),
    ItemRecord("b", "Collateral", text="A taxi at night.", attributes=(CRIME, MANN)),
    ItemRecord("c", "Alien", text="A ship far out.", attributes=(HORROR, SCOTT)),
    ItemRecord("d", "Hannibal", attributes=(CRIME, HORROR, SCOTT)),
    ItemRecord("e", "Ronin"),
    Interaction("ann", "a", "RATED", "1", DAY[1], 5.0, "so good", "yes"),
    Interaction("ann", "b", "RATED", "2", DAY[2], 4.0),
    Interaction("ann", "a", "CLICKED", "3", DAY[3]),
    Interaction("bob", "a", "RATED", "4", DAY[4], 2.0, "so bad"),
    Interaction("eve", "a", "RATED", "5", DAY[5], 4.0),
    Interaction("eve", "c", "RATED", "6", DAY[40], 5.0),
    Interaction("bob", "e", "RATED", "7", DAY[41], 3.0),
    Triple("director:Mann", "BORN_IN", "m.1"),
    Tie("bob", "ann", "FRIEND", 0.5),
    Tie("ann", "eve", "FOLLOWS", at=DAY[7]),
    Tie("eve", "bob", "FOLLOWS"),
]
PROFILES = """
MATCH (ann:User {id: 'ann'}), (bob:User {id: 'bob'}), (eve:User {id: 'eve'}),
      (crime:Entity {id: 'genre:Crime'}), (horror:Entity {id: 'genre:Horror'}), (unseen:Item {id: 'd'})
CREATE (ann)-[:HAS_INTEREST]->(:Interest {id: '1', name: 'night', weight: 0.75, size: 2, items: ['b']}),
       (ann)-[:HAS_INTEREST]->(:Interest {id: '2', name: 'thieves', weight: 0.25, size: 1, items: ['a']}),
       (eve)-[:HAS_INTEREST]->(:Interest {id: '3', name: 'space', weight: 1.0, size: 1, items: ['c']}),
       (ann)-[:INTERESTED_IN {weight: 0.5, sentiment: 1.0, support: 2}]->(crime),
       (bob)-[:INTERESTED_IN {weight: 0.5, sentiment: -1.0, support: 1}]->(crime),
       (eve)-[:INTERESTED_IN {weight: 0.3, sentiment: 1.0, support: 1}]->(crime),
       (eve)-[:INTERESTED_IN {weight: 0.4, sentiment: 1.0, support: 1}]->(horror),
       (ann)-[:IN_SEGMENT {strength: 0.9}]->(:Segment {id: 'segment:1', name: 'city people', size: 1}),
       (ann)-[:SHOWN {rank: 1}]->(:Item {id: 'f'}),
       (:Model {version: '1', published_at: datetime('2023-03-01T00:00:00Z'), recommended: 1}),
       (eve)-[:RECOMMENDED {rank: 1, score: 0.5, model: '1'}]->(unseen)
WITH DISTINCT 1 AS done
MATCH ()-[tag:INTERESTED_IN]->()
SET tag.relation = 'HAS_GENRE', tag.source = 'events'
"""


def plant(store: Store, rejects: Path) -> None:
    """Fill an empty store with the small graph."""
    ingest(store, WORLD, scale=Scale(1, 5), rejects=rejects, progress=False)
    store.write(Statement(PROFILES, {}))


def document(store: Store) -> str:
    """The page, with the answers that this store gives."""
    catalogue = queries.catalogue()
    contents = _table(["query", "what it answers"], [[f"[{q.name}](#{q.name})", q.summary] for q in catalogue])
    return "\n".join([HEAD, contents, "", *(_section(store, query) for query in catalogue)])


def _section(store: Store, query: queries.NamedQuery) -> str:
    words = shlex.split(query.example or "")
    values = query.bind(dict(word.split("=", 1) for word in words[1::2]))
    answer = store.query(store.translate(query.text), values)
    takes = [[f"`${p.name}`", p.text, "" if p.required else f"`{p.default!r}`"] for p in query.arguments]
    given = "".join(f":param {name} => {value!r};\n" for name, value in values.items())
    return "\n".join(
        [
            f"## {query.name}\n\n{query.summary}\n",
            *([_table(["parameter", "", "default"], takes), ""] if takes else []),
            f"```console\n$ {shlex.join(['tastegraph', 'query', query.name, *words])}\n```\n",
            f"```cypher\n{given}{query.text};\n```",
            "",
            _table(answer.columns, answer.rows),
            "",
        ]
    )


def _table(columns: list[str], rows: list[list[Any]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def main() -> None:
    """Write the page from an embedded graph."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "store") as store:
        plant(store, Path(folder) / "rejects.jsonl")
        DOCUMENT.write_text(document(store), encoding="utf-8")


if __name__ == "__main__":
    main()
