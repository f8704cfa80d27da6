"""The store port: what the product asks of a graph engine. Adapter: :mod:`kg.bolt`; engines: :mod:`kg.engines`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import pyarrow as pa

from kg.quoting import Quoted

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

COSINE = "cosine"
"""The similarity by which vectors are compared."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One Cypher text with its parameters. Texts come from this package; a user's only reach ``Store.query``."""

    text: str
    parameters: Mapping[str, Any]
    again: str | None = None
    """The text that is run in its place when an earlier run may have been committed; None: the same."""


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a read-only query: column names and rows of plain Python values."""

    columns: list[str]
    rows: list[list[Any]]

    def to_pandas(self) -> pd.DataFrame:
        """The same as a data frame.

        >>> Result(["name", "n"], [["Drama", 3], ["Comedy", 2]]).to_pandas().n.sum()
        np.int64(5)
        """
        import pandas as pd

        return pd.DataFrame(self.rows, columns=self.columns)


@dataclass(frozen=True, slots=True)
class Removal:
    """What went with a person, and what is not ours to remove."""

    removed: Mapping[str, int]
    """``entities`` that were theirs alone; of an adopted graph ``events`` and ``edges`` too."""
    stays: Mapping[str, int] = field(default_factory=dict)
    """Nodes and relations of the owner of an adopted graph."""
    removing: tuple[str, ...] = ()
    """Cypher by which the owner removes those, with the parameter ``user``."""


class BulkLoad(Protocol):
    """Fills a new graph faster than transactions could. A node is named by the reference that ``add_nodes`` gave it."""

    def add_nodes(self, label: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Make one node a row, with these properties, none of them null; the caller sees to it that keys differ."""

    def add_edges(
        self, relation: str, heads: Sequence[Any], tails: Sequence[Any], rows: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Make one edge a pair of references, with these properties, none of them null."""

    def declare_kind(self, kind: str) -> None:
        """Make ``event_id`` unique within this kind of event; a second call does nothing."""


class Store(Protocol):
    """A property graph that speaks Cypher. Safe to use from several threads."""

    batch_rows: ClassVar[int]
    """Records of one transaction: as many as the engine takes well."""
    lookup_ids: ClassVar[int]
    """Ids of one look-up."""
    keeps_zones: ClassVar[bool]
    """Whether a moment keeps its offset; without, it is stored in UTC, and read as one that has none."""

    @property
    def address(self) -> str:
        """Folder or URL, without credentials."""

    @property
    def work(self) -> Path:
        """The working directory for vectors, snapshots and model versions (architecture.md, "Where things live")."""

    @property
    def is_new(self) -> bool:
        """True while the graph holds no user, item, entity or kind of event and nobody was forgotten.

        The bulk path may then be used.
        """

    def quoted(self, name: str) -> Quoted:
        """The name of a property so that this engine reads it back; see :mod:`kg.quoting`.

        Raises:
            StoreError: the engine cannot hold it.
        """

    def quoted_type(self, name: str) -> Quoted:
        """Likewise that of a label or a type; an identifier stays bare."""

    def ensure_schema(self, kinds: Iterable[str] = ()) -> None:
        """Make constraints and indexes for all labels and for these kinds of event; a second call costs nothing."""

    def read(self, text: str, **parameters: Any) -> list[Row]:
        """All rows of a query that only reads."""

    def stream(self, text: str, **parameters: Any) -> Iterator[Row]:
        """The rows of a query that only reads, in bounded memory."""

    def scan(self, text: str) -> Iterator[list[Any]]:
        """As :meth:`stream`, the values of each row as the driver gives them, for :mod:`kg.exact`."""

    def write(self, *statements: Statement) -> list[list[Row]]:
        """Run these statements in one transaction, retried on transient errors; durable when this returns.

        Where the answer to a commit is lost they run again, perhaps after they did. So they are such that twice is
        once (``MERGE``, ``SET``, or first removed and then made), or stopped by a uniqueness constraint.
        """

    def alone(self) -> AbstractContextManager[bool]:
        """Within this block: whether nobody else writes, so that what is read in it still holds when it is written.

        True on an engine with one writer, which others wait for; False on a server that any process may write to.
        """

    def export(
        self, text: str, schema: pa.Schema, *, maps: bool = False, each: str | None = None, **parameters: Any
    ) -> pa.Table:
        """The rows of a query as one Arrow table of this schema, through the engine's bulk path.

        A column that the answer lacks is null. ``maps``: some values are maps, which come as JSON text (slower).
        ``each``: a node of the query, such as ``u:User``; a server gathers the rows of one at a time then, in place of
        all of them.
        """

    def nearest(self, label: str, name: str, vector: Sequence[float], k: int) -> list[Row]:
        """The ``k`` nodes of a label whose vectors, the property ``name``, have the highest cosine with this one.

        ``id`` and ``score`` of each, the best first. Only vectors of the same length, none of them zero, are compared.
        """

    def index_vectors(self, label: str, name: str, dimension: int, similarity: str = COSINE) -> None:
        """Have :meth:`nearest` answer from the engine's vector index, where it has one.

        It is made anew when what stands there, whoever made it, has another dimension or similarity.
        """

    def bulk_load(self) -> AbstractContextManager[BulkLoad] | None:
        """The engine's fast path into a graph that ``is_new``; None where there is none.

        All that was added appears at once when the block ends, and nothing of it after an exception or a crash.
        """

    def remove_person(self, user_id: str) -> Removal:
        """Remove a person with all edges and what is theirs alone; of an adopted graph what was added about them.

        Each step can be done again, so that who is killed on the way calls it once more.
        """

    def purge(self, labels: Iterable[str]) -> str:
        """Rewrite what holds ids of deleted nodes of these labels, and of deleted events, as far as the engine allows.

        Returns what it keeps nevertheless, and until when, in words for people; nothing where it keeps nothing.
        """

    def query(
        self,
        text: str,
        parameters: Mapping[str, Any],
        *,
        max_rows: int = 10_000,
        max_bytes: int = 128 << 20,
        timeout: float = 30.0,
    ) -> Result:
        """Run a user's query. Whether it only reads the engine decides, and what it may call :mod:`kg.allowed`.

        Args:
            text: Cypher.
            parameters: values of its ``$names``.
            max_rows: of the answer.
            max_bytes: that the answer takes in memory.
            timeout: seconds. Within one more the call returns; a query that the engine cannot stop runs on, unheard,
                and while :data:`kg.limits.MOST` do, further ones are refused; so is one that waits as long for
                one of the :data:`kg.limits.AT_ONCE` places.

        Raises:
            QueryRefused: it would write, change the schema, load a file, or call what is on no list; or others run on.
            QueryFailed: syntax, a missing parameter, or past a limit.
        """

    @property
    def notes_changes(self) -> bool:
        """Whether all writes but exceptions are ours, which leave a note; see :mod:`kg.changes`."""

    def translate(self, text: str) -> str:
        """A text of :mod:`kg.queries` as this graph has it, for :meth:`query`; other methods take those as they are."""

    def catch_up(self) -> dict[str, Any]:
        """Take in what the owner of an adopted graph has changed; see :mod:`kg.engines.adopted`."""

    def close(self) -> None:
        """Let go of the engine; a second call does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
