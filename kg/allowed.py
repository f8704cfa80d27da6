"""What a text of Cypher that somebody gave may call: functions and procedures that only read the graph, by list.

The engines call too much reading: ``db.stats.collect`` and ``apoc.util.sleep`` run in a session that refuses writes.
So a text is read as tokens here, before an engine sees it. Whatever two lexers might read in two ways is refused: Neo4j
decodes ``\\u0060`` before it parses, even in a comment, and ArcadeDB does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kg.alphabets import quoted_marks, without_marks
from kg.errors import QueryFailed, QueryRefused

LONGEST = 1 << 20
"""Characters of a text at most."""
DEEPEST = 200
"""Brackets within brackets at most: parsers recurse."""


def _listed(names: str) -> frozenset[str]:
    return frozenset(names.split())


FUNCTIONS = _listed(
    """
    abs acos all allshortestpaths any asin atan atan2 avg btrim cbrt ceil ceiling char_length character_length coalesce
    collect cos cosh cot coth count date date.realtime date.statement date.transaction date.truncate datetime
    datetime.fromepoch datetime.fromepochmillis datetime.realtime datetime.statement datetime.transaction
    datetime.truncate degrees duration duration.between duration.indays duration.inmonths duration.inseconds e elementid
    endnode exists exp floor haversin head id isempty isnan keys labels last left length localdatetime
    localdatetime.realtime localdatetime.statement localdatetime.transaction localdatetime.truncate localtime
    localtime.realtime localtime.statement localtime.transaction localtime.truncate log log10 lower ltrim max min nodes
    none normalize nullif percentilecont percentiledisc pi point point.distance point.withinbbox properties radians rand
    randomuuid range reduce relationships replace reverse right round rtrim shortestpath sign sin single sinh size split
    sqrt startnode stdev stdevp substring sum tail tan tanh time time.realtime time.statement time.transaction
    time.truncate timestamp toboolean tobooleanlist tobooleanornull tofloat tofloatlist tofloatornull tointeger
    tointegerlist tointegerornull tolower tostring tostringlist tostringornull toupper trim type upper valuetype vector
    vector.similarity.cosine vector.similarity.euclidean vector_dimension_count vector_distance vector_norm
    """
)
"""Functions that a text may call, in small letters; case does not matter to either engine."""

PROCEDURES = _listed(
    """
    db.index.fulltext.listavailableanalyzers db.index.fulltext.querynodes db.index.fulltext.queryrelationships
    db.index.vector.querynodes db.index.vector.queryrelationships db.labels db.ping db.propertykeys db.relationshiptypes
    db.schema.nodetypeproperties db.schema.reltypeproperties db.schema.visualization
    """
)
"""Procedures that a text may call, in small letters."""

SHOWN = frozenset({"CONSTRAINT", "CONSTRAINTS", "INDEX", "INDEXES"})
"""What ``SHOW`` may be followed by, perhaps after words such as ``VECTOR``."""

_SORTS_SHOWN = _listed(
    """
    ALL BTREE EXIST EXISTENCE FULLTEXT KEY LOOKUP NODE POINT PROPERTY RANGE REL RELATIONSHIP TEXT TYPE UNIQUE
    UNIQUENESS VECTOR
    """
)
"""Words that may stand between ``SHOW`` and those."""
_BEFORE_A_VALUE = _listed(
    """
    AND AS BY CASE CONTAINS DELETE DISTINCT ELSE FILTER IN LET LIMIT NOT OFFSET OR REMOVE RETURN SET SKIP THEN UNWIND
    WHEN WHERE WITH XOR YIELD
    """
)
"""Words after which a name is that of a value, whatever it is."""
_KEYWORDS = _listed(
    """
    ACYCLIC ALL AND ANY AS ASC ASCENDING BINDINGS BY CALL CASE CONTAINS CREATE DELETE DESC DESCENDING DETACH DIFFERENT
    DISTINCT ELEMENT ELEMENTS ELSE END ENDS EXISTS FILTER FINISH FOREACH GROUP GROUPS IN INSERT IS LET LIMIT MATCH MERGE
    NEXT NODETACH NOT OFFSET ON OPTIONAL OR ORDER PATH PATHS RELATIONSHIP RELATIONSHIPS REMOVE REPEATABLE RETURN SET
    SHORTEST SKIP STARTS THEN TRAIL UNION UNWIND USING WALK WHEN WHERE WITH XOR YIELD
    """
)
"""Words after which a parenthesis holds a pattern or an expression, or that may follow a name."""
_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>//[^\r\n]*|/\*(?:.*?)\*/)
    | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<quoted>`(?:[^`]|``)*`)
    | (?P<name>[^\W\d]\w*)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<sign>\.\.|/(?!\*)|[-+*%^=<>!|&$:;,.(){}\[\]?~])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|[^u])", re.DOTALL)
_ENDS_A_TEXT = re.compile(r"\\u+00(?:22|27|5[cC])")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text that means something: neither space nor comment."""

    kind: str
    """``text``, ``name``, ``quoted``, ``number`` or ``sign``."""
    value: str
    """As it is written; of a quoted name what it names."""

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords, given in capitals."""
        return self.kind == "name" and self.value.upper() in words

    def is_sign(self, sign: str) -> bool:
        """Whether it is this sign, and no name that is spelled so."""
        return self.kind == "sign" and self.value == sign

    @property
    def names(self) -> bool:
        """Whether it is a name, plain or quoted."""
        return self.kind in {"name", "quoted"}


def check(text: str) -> str:
    """Refuse a text that calls what is on no list, that names another graph, or that two lexers may read in two ways.

    Whether it only reads is for the engine to say, which gets the text that is returned: names with vowel signs and
    other marks stand between backticks there, since not every lexer takes marks for parts of a name.

    Raises:
        QueryRefused: names what it calls.
        QueryFailed: it holds what is no piece of Cypher.
    """
    found = tokens(text)
    for name in called(found):
        if name not in FUNCTIONS:
            raise QueryRefused(f"the function {name} is on no list of those that only read; {_LISTED}")
    for at, token in enumerate(found):
        if _calls_procedure(found, at):
            _check_procedure(path(found, at + 1))
        elif token.is_word("SHOW", "USE", "LOAD", "TERMINATE") and _is_command(found, at):
            _check_command(token.value.upper(), found[at + 1 :])
    return "".join(said for _, said in _pieces(text))


def tokens(text: str) -> list[Token]:
    """The pieces of a text, without space and comments.

    Raises:
        QueryFailed: it holds what is no piece of Cypher.
        QueryRefused: it holds an escape outside of a string, nests too deep, or is too long.

    >>> [token.value for token in tokens("apoc /* ( */ . `a``b` ('x.y(')")]
    ['apoc', '.', 'a`b', '(', "'x.y('", ')']
    """
    if len(text) > LONGEST:
        raise QueryRefused(f"the text has {len(text)} characters; at most {LONGEST} are read: give data as parameters")
    found = list(_tokens(text))
    _check_depth(found)
    return found


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """All of a text, one piece after the other, each with its kind; names with marks are quoted."""
    at, plain = 0, without_marks(text)
    while at < len(text):
        match = _TOKEN.match(plain, at)
        if match is None:
            raise QueryFailed(_unknown(text, at))
        kind, said = str(match.lastgroup), text[at : match.end()]
        if kind == "name" and (said := quoted_marks(said)).startswith("`"):
            kind = "quoted"
        yield kind, said
        at = match.end()


def _tokens(text: str) -> Iterator[Token]:
    for kind, said in _pieces(text):
        if "\\" in said:
            _check_escapes(kind, said)
        if kind == "quoted":
            yield Token(kind, said[1:-1].replace("``", "`"))
        elif kind not in {"space", "comment"}:
            yield Token(kind, said)


def _unknown(text: str, at: int) -> str:
    if text[at] in "'\"`" or text.startswith("/*", at):
        return f"what begins at character {at + 1} is not closed: {text[at : at + 20]!r}"
    return f"{text[at]!r} at character {at + 1} is no Cypher outside of a string or of backticks"


def _check_escapes(kind: str, said: str) -> None:
    """Escapes stand in strings, and none there is a quote or a backslash to a lexer that decodes first."""
    if kind == "comment" and "\\u" not in said:
        return
    if kind != "text" or _ENDS_A_TEXT.search(said) or "\\" in _ESCAPE.sub("", said):
        raise QueryRefused(
            f"{said[:40]!r} holds a backslash that engines read in different ways; write the character itself, "
            "or give the value as a parameter"
        )


def _check_depth(found: Sequence[Token]) -> None:
    depth = 0
    for token in found:
        if token.kind == "sign":
            depth += (token.value in "([{") - (token.value in ")]}")
        if depth > DEEPEST:
            raise QueryRefused(f"brackets stand within more than {DEEPEST} brackets")


def called(found: Sequence[Token]) -> Iterator[str]:
    """The functions that are called, in small letters, with their name space.

    >>> list(called(tokens("MATCH (n) WHERE Point . `distance`(n.at, $x) > size(n.xs) RETURN (n)")))
    ['point.distance', 'size']
    """
    for at, token in enumerate(found[1:], 1):
        if not token.is_sign("(") or not found[at - 1].names:
            continue
        first = at - 1
        while first >= 2 and found[first - 1].is_sign(".") and found[first - 2].names:
            first -= 2
        name = path(found, first)
        if first and found[first - 1].is_sign("."):
            yield f".{name}"  # a method of a value; there is none in Cypher
        elif not (first and _calls_procedure(found, first - 1)) and not _is_no_call(found, first, at):
            yield name


def path(found: Sequence[Token], at: int) -> str:
    """The name that begins at this token, in small letters, with what dots join to it."""
    parts = [found[at].value]
    while at + 2 < len(found) and found[at + 1].is_sign(".") and found[at + 2].names:
        at += 2
        parts.append(found[at].value)
    return ".".join(parts).lower()


def _is_no_call(found: Sequence[Token], first: int, bracket: int) -> bool:
    """Whether the one word before a bracket is a keyword, or the label of ``USING INDEX n:Label(property)``."""
    return first == bracket - 1 and (found[first].is_word(*_KEYWORDS) or _is_hint(found[max(0, first - 4) : first]))


def _is_hint(before: Sequence[Token]) -> bool:
    """Whether these four lead to the label of a hint: no expression has three words and a colon."""
    return (
        len(before) == 4
        and before[0].is_word("USING", "INDEX", "TEXT", "RANGE", "POINT")
        and before[1].is_word("INDEX", "SEEK")
        and before[2].names
        and before[3].is_sign(":")
    )


def _calls_procedure(found: Sequence[Token], at: int) -> bool:
    """Whether this is the word ``CALL`` with a procedure: not a name of somebody's, nor that of a subquery."""
    if not found[at].is_word("CALL") or at + 1 == len(found) or not found[at + 1].names:
        return False
    if at and found[at - 1].is_sign("."):
        return False
    return _may_be_named(found, at) or (at + 2 < len(found) and found[at + 2].is_sign("."))


def _is_command(found: Sequence[Token], at: int) -> bool:
    """Whether a word such as ``SHOW`` is a command, by what stands beside it; it may be the name of a variable."""
    if at + 1 == len(found) or not found[at + 1].names or (at and found[at - 1].is_sign(".")):
        return False
    return _may_be_named(found, at) or _begins(found, at)


def _may_be_named(found: Sequence[Token], at: int) -> bool:
    """Whether what follows a word is a name and no keyword, so that the word is not the name of a value."""
    return not found[at + 1].is_word(*_KEYWORDS)


def _begins(found: Sequence[Token], at: int) -> bool:
    """Whether a clause may begin here: a value would stand after a sign, or after a word that wants one.

    A graph may be called as a keyword is: ``USE group``.
    """
    before = found[at - 1] if at else Token("sign", ";")
    if before.kind == "sign":
        return before.value in "{})];"
    return not before.is_word(*_BEFORE_A_VALUE) or (at > 1 and found[at - 2].is_word("UNION"))


def _check_procedure(name: str) -> None:
    if name not in PROCEDURES:
        raise QueryRefused(f"the procedure {name} is on no list of those that only read the graph; {_LISTED}")


def _check_command(word: str, rest: Sequence[Token]) -> None:
    if word != "SHOW":
        raise QueryRefused(f"{word} is no part of a query that only reads this graph")
    words = []
    for token in rest:
        words.append(token.value.upper() if token.kind == "name" else f"`{token.value}`")
        if not token.is_word(*_SORTS_SHOWN):
            break
    if words[-1] not in SHOWN:
        raise QueryRefused(
            f"SHOW {' '.join(words)} tells what is the server's or others'; INDEXES and CONSTRAINTS can be shown"
        )


_LISTED = "docs/operations.md, Limits, has the lists"
