"""People who were forgotten, and must not come back with the next file.

What stays of them is a keyed hash: ``(:Forgotten {id: HMAC-SHA256(key, id)})``. The key is random and lies in the graph
too, beside the hashes, because every process that writes to this graph must be able to tell who may not be written,
from whatever machine. So the hash keeps a person's id out of the graph and out of all copies of ``:Forgotten`` alone;
against somebody who holds the whole graph and guesses ids it is no secret, and cannot be one.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterator
from urllib.parse import unquote

from kg import queries
from kg.errors import RecordError
from kg.records import Interaction, Record, Reject, Tie, Triple, UserRecord
from kg.store import Store
from kg.sweep import readings

LOOK_EVERY = 5_000
"""Ids after which the graph is asked again, for somebody may be forgotten while a long file is read."""
_WORDS = re.compile(r"""[\s,;|:"'{}<>\[\]]+""")
_DELIMITERS = (",", ";", "|", "\t", "::")
_AROUND = " \t\r\n\"'{}<>[]"
_QUOTED = re.compile(r""""([^"\\]*+(?:\\.[^"\\]*+)*+)"?|'([^'\\]*+(?:\\.[^'\\]*+)*+)'?""", re.DOTALL)


class Forgotten:
    """Who may not be written to one graph."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.look()

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, user_id: object) -> bool:
        self._asked += 1
        if self._asked > LOOK_EVERY:
            self.look()
        return self._key is not None and bool(self._ids) and keyed_hash(self._key, str(user_id)) in self._ids

    def concerns(self, record: Record) -> bool:
        """Whether a record is about somebody who was forgotten."""
        if isinstance(record, Interaction):
            return record.user_id in self
        if isinstance(record, Tie):
            return record.user_id in self or record.other_id in self
        if isinstance(record, Triple):
            return record.head_label == "User" and record.head in self
        return isinstance(record, UserRecord) and record.id in self

    def named_in(self, raw: str) -> bool:
        """Whether a row that could not be read names one of them in a cell of its own."""
        return bool(self._ids) and any(cell in self for cell in set(_cells(raw)))

    def stands_in(self, reject: Reject) -> bool:
        """The same of a row and of all that is said of it."""
        return any(map(self.named_in, (reject.raw, reject.reason, reject.file, reject.field)))

    def check(self, user_id: str) -> None:
        """Refuse what is about somebody who was forgotten.

        Raises:
            RecordError: it is; does not say about whom.
        """
        if user_id in self:
            raise RecordError("user", "this person was forgotten, so nothing about them is stored")

    def look(self) -> frozenset[str]:
        """Ask the graph again; the hashes of all who were forgotten."""
        (row,) = self._store.read(queries.text("forgotten"))
        self._key: str | None = row["key"]
        self._ids = frozenset(row["ids"])
        self._asked = 0
        return self._ids


def _cells(raw: str) -> Iterator[str]:
    """What may be a cell of a row, whatever its form: words, what lies between delimiters, and texts in quotes."""
    for text in readings(raw):
        for word in _WORDS.split(text):
            yield from (word, unquote(word))
        for delimiter in _DELIMITERS:
            for cell in text.split(delimiter):
                bare = cell.strip()
                yield from (bare, bare[1:-1], bare.strip(_AROUND))
        for quoted in _QUOTED.finditer(text):
            yield from readings(quoted[1] or quoted[2] or "")


def keyed_hash(key: str, user_id: str) -> str:
    """HMAC-SHA256 of an id, in hex.

    >>> keyed_hash("00" * 32, "ann")[:16]
    '78352bae17eb6789'
    """
    return hmac.digest(bytes.fromhex(key), user_id.encode(), "sha256").hex()


def remember(store: Store, user_id: str, version: str | None) -> None:
    """Note that a person must not come back, and which published version was made with them."""
    store.write(queries.statement("forgotten_add", id=_hash(store, user_id), version=version))


def lift(store: Store, user_id: str) -> bool:
    """Let a person come back; whether they had been forgotten."""
    ((row,),) = store.write(queries.statement("forgotten_lift", id=_hash(store, user_id)))
    return bool(row["lifted"])


def _hash(store: Store, user_id: str) -> str:
    ((row,),) = store.write(queries.statement("forgotten_key", new=secrets.token_hex(32)))
    return keyed_hash(row["key"], user_id)
