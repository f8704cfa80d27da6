"""Cypher of somebody else's, such as that of a map: one expression or one pattern, which reads and does nothing else.

What passes can be put between parentheses, or behind ``MATCH``, of a text of ours: it holds no clause beyond the
``MATCH ... WHERE`` of a subquery, no procedure, no parameter, no comment, no function that is not in :data:`FUNCTIONS`,
and no name that nobody has given. What an engine makes of it is for the engine to say: this module is stricter than
Cypher, never laxer.

::

    expression  unary {operator unary}             of any precedence, for nothing is computed here
    unary       {NOT | - | +} operand {.name | [expression] | [a..b] | :labels | IS [NOT] NULL}
    operand     number | text | true | false | null | name | function(expression, ...) | any(name IN ... WHERE ...)
                | CASE ... END | (expression) | [list] | [name IN expression WHERE ... | ...] | [path WHERE ... | ...]
                | {map} | path | EXISTS {...} | COUNT {...} | COLLECT {... RETURN expression}
    pattern     path {, path}
    path        (name:labels {map} WHERE ...) {-[name:types*1..3 {map} WHERE ...]-> (...)}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import NamedTuple, NoReturn

from kg.alphabets import quoted_marks, without_marks

LONGEST = 8_000
"""Characters."""
DEEPEST = 40
"""Brackets in brackets."""
LONG_TEXT = 10_000
"""Characters that ``replace`` may make of one."""
_FUNCTIONS = """
    abs acos asin atan atan2 btrim ceil char_length character_length coalesce cos cot date date.truncate datetime
    datetime.fromepoch datetime.fromepochmillis datetime.truncate degrees duration duration.between duration.indays
    duration.inmonths duration.inseconds e elementid endnode exists exp floor head isempty isnan keys labels last left
    length localdatetime localdatetime.truncate localtime localtime.truncate log log10 lower ltrim nodes normalize
    nullif pi point point.distance properties radians relationships replace reverse right round rtrim sign sin size
    split sqrt startnode substring tail tan time time.truncate toboolean tobooleanlist tobooleanornull tofloat
    tofloatlist tofloatornull tointeger tointegerlist tointegerornull tolower tostring tostringlist tostringornull
    toupper trim type upper valuetype
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
"""In lower case. All answer from what they are given, and end."""

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]+)
    |(?P<text>'(?:[^'\\]|\\[\\'"bfnrt])*'|"(?:[^"\\]|\\[\\'"bfnrt])*")
    |(?P<quoted>`(?:[^`]|``)+`)
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w]))
    |(?P<word>[^\W\d]\w*)
    |(?P<mark><=|>=|<>|=~|\|\||\.\.|[-+*/%^=<>()\[\]{}.,:|&!])""",
    re.VERBOSE,
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_OPERATORS = frozenset({"=", "<>", "<", "<=", ">", ">=", "=~", "+", "-", "*", "/", "%", "^", "||"})
_WORDED = {"AND": (), "OR": (), "XOR": (), "IN": (), "CONTAINS": (), "STARTS": ("WITH",), "ENDS": ("WITH",)}
"""Operators that are words, with what follows them."""
_CONSTANTS = frozenset({"TRUE", "FALSE", "NULL"})
_PREDICATES = frozenset({"ALL", "ANY", "NONE", "SINGLE"})
_SUBQUERIES = frozenset({"EXISTS", "COUNT", "COLLECT"})
_END = r"\( (?P<{}>person|item)(?P<{}>(?: [:&] \w+)*)(?: \{{ \}})? \)"
_STAR = r"\*(?: 1|(?: [01])? \.\.(?: [1-9][0-9]*)?)?"
_INNER = rf"\[(?: (?!(?i:WHERE)\b)\w+)?(?: : (?P<types>\w+(?: \| \w+)*))?(?: {_STAR})?(?: \{{ \}})? \]"
_DIRECT = re.compile(
    rf"{_END.format('first', 'these')}(?P<left> <)? -(?: {_INNER})? -(?P<right> >)? {_END.format('last', 'those')}"
)
_HIDDEN = "tg_"
"""What names of ours begin with in the texts that an expression is put into."""


@dataclass(frozen=True)
class Pattern:
    """What a pattern names."""

    nodes: frozenset[str]
    edges: frozenset[str]
    said: str
    """As it is written, but for blanks and backticks."""
    traced: str
    """Likewise, but that each edge has a name."""
    trail: str
    """Cypher for the list of its edges, by :attr:`traced`."""

    @cached_property
    def direct(self) -> tuple[list[str], list[str], list[str]] | None:
        """Labels of the person, of the item, and types, of a pattern that is one edge without any condition.

        >>> pattern_of("(person:`A`)-[l:R|S*1..2 {}]-(item)").direct
        (['A'], [], ['R', 'S'])
        """
        found = _DIRECT.fullmatch(self.said)
        if found is None or found["first"] == found["last"]:
            return None
        left, right = (found[end] is not None for end in ("left", "right"))
        if left != right and left == (found["first"] == "person"):
            return None  # it leads from the item to the person
        ends = {found["first"]: found["these"], found["last"]: found["those"]}
        person, item, types = (
            re.findall(r"\w+", some or "") for some in (ends["person"], ends["item"], found["types"])
        )
        return person, item, types


def check(text: str, names: Collection[str]) -> None:
    """Refuse what is not one expression over these names.

    Raises:
        ValueError: says what, and where.

    >>> check("n.active AND NOT n:Robot", {"n"})
    >>> check("n.name CALL db.labels()", {"n"})
    Traceback (most recent call last):
    ValueError: 'CALL' at character 7 cannot stand there: one expression that reads is wanted
    """
    parser = _Parser(text)
    with parser.scope(names):
        parser.expression()
    parser.end("one expression that reads is wanted")


def pattern_of(text: str) -> Pattern:
    """What a pattern names; a pattern is one path, or several with commas between them.

    Raises:
        ValueError: it is none; says where.

    >>> sorted(pattern_of("(person)-[:PUT]->(o:Order)-[l:OF {open: false}]->(item)").nodes)
    ['item', 'o', 'person']
    """
    parser = _Parser(text)
    with parser.scope(()) as scope:
        parser.paths()
    parser.end("one pattern is wanted")
    return Pattern(frozenset(scope.nodes), frozenset(scope.edges), parser.said(), *parser.traced())


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


_AT_END = _Token("end", "", -1)


@dataclass
class _Scope:
    """Names that a pattern or a comprehension gives, and those that are used within."""

    nodes: set[str] = field(default_factory=set)
    edges: set[str] = field(default_factory=set)
    used: dict[str, int] = field(default_factory=dict)


class _Parser:
    """Goes through the tokens once; only looks whether they are what the module's grammar says."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise ValueError(f"is {len(text)} characters long; {LONGEST} are the most")
        if re.search(r"\\[uU]", text):
            raise ValueError("holds \\u, which engines read as another character; write the character itself")
        self._tokens = list(_tokens(text))
        self._ends = _brackets(self._tokens)
        self._at = 0
        self._depth = 0
        self._scopes: list[_Scope] = []
        self._names: dict[int, str] = {}
        """Names for edges that have none, each with its place among the tokens."""
        self._trail: list[str] = []
        self._growth = 1

    # --- What is given

    @contextmanager
    def scope(self, names: Collection[str]) -> Iterator[_Scope]:
        """Names are known within; those used and not given there are asked of the scope around."""
        inner = _Scope(nodes=set(names))
        self._scopes.append(inner)
        yield inner
        self._scopes.pop()
        known = inner.nodes | inner.edges
        for name, start in inner.used.items():
            if name in known:
                continue
            if self._scopes:
                self._scopes[-1].used.setdefault(name, start)
            else:
                near = get_close_matches(name, known, n=1)
                meant = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(sorted(known)) or 'none'}"
                raise ValueError(f"{name!r} at character {start} is no name of the pattern or of a node; {meant}")

    def end(self, wanted: str) -> None:
        """Refuse what is left."""
        if self._next.kind != "end":
            self._refuse(wanted)

    def said(self) -> str:
        """See :attr:`Pattern.said`."""
        return " ".join(re.sub(r"^`(\w+)`$", r"\1", token.text) for token in self._tokens)

    def traced(self) -> tuple[str, str]:
        """See :attr:`Pattern.traced` and :attr:`Pattern.trail`."""
        text = " ".join(self._names.get(place, "") + token.text for place, token in enumerate(self._tokens))
        return text, " + ".join(self._trail) or "[]"

    # --- Expressions

    def expression(self) -> None:
        self._depth += 1
        if self._depth > 2 * DEEPEST:
            self._refuse("so many expressions in expressions are not read")
        self._unary()
        while self._operator():
            self._unary()
        self._depth -= 1

    def _operator(self) -> bool:
        token = self._next
        if token.kind == "mark" and token.text in _OPERATORS:
            self._at += 1
            return True
        if token.kind == "word" and (word := token.text.upper()) in _WORDED:
            self._at += 1
            for rest in _WORDED[word]:
                self._word(rest)
            return True
        return False

    def _unary(self) -> None:
        while self._take_word("NOT") or self._take("-") or self._take("+"):
            pass
        self._operand()
        while self._postfix():
            pass

    def _postfix(self) -> bool:
        if self._take("."):
            self._name()
        elif self._take("["):
            if not self._take(".."):
                self.expression()
                if not self._take(".."):
                    self._mark("]")
                    return True
            if not self._take("]"):
                self.expression()
                self._mark("]")
        elif self._take(":"):
            self._labels()
        elif self._take_word("IS"):
            self._take_word("NOT")
            self._word("NULL")
        else:
            return False
        return True

    def _operand(self) -> None:
        token, following = self._next, self._following
        word = token.text.upper() if token.kind == "word" else ""
        if token.kind in ("number", "text") or (word in _CONSTANTS and following.text != "("):
            self._at += 1
        elif word == "CASE":
            self._case()
        elif word in _SUBQUERIES and following.text == "{":
            self._subquery(word)
        elif word in _PREDICATES and following.text == "(":
            self._at += 2
            self._each()
            self._mark(")")
        elif word and self._is_function():
            self._function()
        elif token.kind in ("word", "quoted"):
            self._use(self._name())
        elif self._is_path(self._at):
            self._path()
        elif self._take("("):
            self.expression()
            self._mark(")")
        elif self._take("["):
            self._list()
        elif token.text == "{":
            self._map()
        else:
            self._refuse("an expression is wanted")

    def _case(self) -> None:
        self._at += 1
        if self._next.text.upper() != "WHEN":
            self.expression()
        self._word("WHEN")
        while True:
            self._listed(self.expression)
            self._word("THEN")
            self.expression()
            if not self._take_word("WHEN"):
                break
        if self._take_word("ELSE"):
            self.expression()
        self._word("END")

    def _is_function(self) -> bool:
        """Whether names with dots between them and a parenthesis follow."""
        at = self._at + 1
        while self._token(at).text == "." and self._token(at + 1).kind == "word":
            at += 2
        return self._token(at).text == "("

    def _function(self) -> None:
        start, parts = self._next.start, [self._name()]
        while self._take("."):
            parts.append(self._name())
        name = ".".join(parts)
        if name.lower() not in FUNCTIONS:
            near = get_close_matches(name.lower(), FUNCTIONS, n=1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise ValueError(f"{name}() at character {start} is no function that a map may use{meant}")
        given: list[list[_Token]] = []

        def one() -> None:
            begun = self._at
            self.expression()
            given.append(self._tokens[begun : self._at])

        self._mark("(")
        if not self._take(")"):
            self._listed(one)
            self._mark(")")
        if name.lower() == "replace" and len(given) == 3:
            self._grow(*given[1:])

    def _grow(self, old: list[_Token], new: list[_Token]) -> None:
        """Count how many times as long a text may become, by this and all other ``replace``: they may be nested."""
        sizes = [len(one[0].text) - 2 if [token.kind for token in one] == ["text"] else None for one in (old, new)]
        before, after = sizes[0] or 1, LONG_TEXT if sizes[1] is None else sizes[1]
        self._growth *= max(1, -(-after // before) + (sizes[0] == 0))
        if self._growth > LONG_TEXT:
            raise ValueError(f"replace() in it may make a text {self._growth} times as long; {LONG_TEXT} are the most")

    def _list(self) -> None:
        if self._next.kind in ("word", "quoted") and self._following.text.upper() == "IN":
            self._each(with_result=True)
        elif self._is_path(self._at):
            with self.scope(()):
                self._path()
                self._where()
                self._mark("|")
                self.expression()
        elif self._next.text != "]":
            self._listed(self.expression)
        self._mark("]")

    def _each(self, with_result: bool = False) -> None:
        """``name IN expression WHERE expression | expression``; the name is known after the ``IN`` alone."""
        name = self._name()
        self._word("IN")
        self.expression()
        with self.scope((name,)):
            self._where()
            if with_result and self._take("|"):
                self.expression()

    def _map(self) -> None:
        self._mark("{")
        if self._take("}"):
            return
        while True:
            self._name()
            self._mark(":")
            self.expression()
            if not self._take(","):
                break
        self._mark("}")

    def _subquery(self, word: str) -> None:
        self._at += 2
        with self.scope(()):
            self._take_word("MATCH")
            self.paths()
            self._where()
            if word == "COLLECT":
                self._word("RETURN")
                self._take_word("DISTINCT")
                self.expression()
        self._mark("}")

    # --- Patterns

    def paths(self) -> None:
        self._listed(self._path)

    def _is_path(self, at: int) -> bool:
        """Whether what stands here is a node with an edge behind it."""
        if self._token(at).text != "(" or self._token(at).kind != "mark":
            return False
        end = self._ends[at] + 1
        a, b, c = (self._token(place).text for place in range(end, end + 3))
        return (a == "-" and b in ("[", "-")) or (a == "<" and b == "-" and c in ("[", "-"))

    def _path(self) -> None:
        self._node()
        while self._next.text in ("-", "<"):
            self._edge()
            self._node()

    def _node(self) -> None:
        self._mark("(")
        self._named(self._scopes[-1].nodes)
        if self._take(":"):
            self._labels()
        self._conditions()
        self._mark(")")

    def _edge(self) -> None:
        self._take("<")
        self._mark("-")
        place, several = self._at, False
        if self._take("["):
            place = self._at
            self._named(self._scopes[-1].edges)
            if self._take(":"):
                self._labels()
            if several := self._take("*"):
                self._take_kind("number")
                if self._take(".."):
                    self._take_kind("number")
            self._conditions()
            self._mark("]")
        if not self._depth and len(self._scopes) == 1:
            self._trace(place, several)
        self._mark("-")
        self._take(">")

    def _trace(self, place: int, several: bool) -> None:
        """Keep the name of an edge of the pattern itself; it begins at this token, or is given one there."""
        token = self._token(place)
        name = token.text
        if not _may_name(token):
            name = f"{_HIDDEN}edge{len(self._trail)}"
            self._names[place] = f"[{name}]" if token.text == "-" else f"{name} "
        self._trail.append(name if several else f"[{name}]")

    def _named(self, names: set[str]) -> None:
        token = self._next
        if not _may_name(token):
            return
        if token.text.strip("`").lower().startswith(_HIDDEN):
            self._refuse(f"names that begin with {_HIDDEN} are taken")
        names.add(self._name())

    def _conditions(self) -> None:
        if self._next.text == "{":
            self._map()
        self._where()

    def _where(self) -> None:
        if self._take_word("WHERE"):
            self.expression()

    def _labels(self) -> None:
        """``A``, ``A|B``, ``A&!B``, ``(A|B)&C``, ``A:B``; a ``|`` that no label follows belongs to what is around."""
        while True:
            while self._take("!"):
                pass
            if self._take("("):
                self._labels()
                self._mark(")")
            else:
                self._name()
            after = self._following
            more = after.kind in ("word", "quoted") or after.text in ("!", "(")
            if not (self._next.text in ("&", "|", ":") and more):
                return
            self._at += 1

    # --- Tokens

    @property
    def _next(self) -> _Token:
        return self._token(self._at)

    @property
    def _following(self) -> _Token:
        return self._token(self._at + 1)

    def _token(self, at: int) -> _Token:
        return self._tokens[at] if at < len(self._tokens) else _AT_END

    def _take(self, mark: str) -> bool:
        found = self._next.kind == "mark" and self._next.text == mark
        self._at += found
        return found

    def _take_word(self, word: str) -> bool:
        found = self._next.kind == "word" and self._next.text.upper() == word
        self._at += found
        return found

    def _take_kind(self, kind: str) -> bool:
        found = self._next.kind == kind
        self._at += found
        return found

    def _mark(self, mark: str) -> None:
        if not self._take(mark):
            self._refuse(f"{mark!r} is wanted")

    def _word(self, word: str) -> None:
        if not self._take_word(word):
            self._refuse(f"{word} is wanted")

    def _name(self) -> str:
        token = self._next
        if token.kind not in ("word", "quoted"):
            self._refuse("a name is wanted")
        self._at += 1
        return token.text if token.kind == "word" else token.text[1:-1].replace("``", "`")

    def _use(self, name: str) -> None:
        self._scopes[-1].used.setdefault(name, self._tokens[self._at - 1].start)

    def _listed(self, one: Callable[[], None]) -> None:
        one()
        while self._take(","):
            one()

    def _refuse(self, reason: str) -> NoReturn:
        token = self._next
        where = "the end" if token.kind == "end" else f"{token.text!r} at character {token.start}"
        raise ValueError(f"{where} cannot stand there: {reason}")


def _may_name(token: _Token) -> bool:
    return token.kind in ("word", "quoted") and token.text.upper() != "WHERE"


def _tokens(text: str) -> Iterator[_Token]:
    at, plain = 0, without_marks(text)
    while at < len(text):
        found = _TOKEN.match(plain, at)
        if found is None or text.startswith(("//", "/*"), at):
            raise ValueError(f"{text[at : at + 2]!r} at character {at} cannot stand there: it is no Cypher of a map")
        kind, said = found.lastgroup or "", text[at : found.end()]
        if kind == "word" and (said := quoted_marks(said)).startswith("`"):
            kind = "quoted"
        if kind != "blank":
            yield _Token(kind, said, at)
        at = found.end()


def _brackets(tokens: list[_Token]) -> dict[int, int]:
    """The place of each opening bracket, and that of the one that closes it."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for place, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.text in _CLOSING:
            opened.append(place)
            if len(opened) > DEEPEST:
                raise ValueError(f"has more than {DEEPEST} brackets in brackets")
        elif token.text in _CLOSING.values():
            if not opened or _CLOSING[tokens[opened[-1]].text] != token.text:
                raise ValueError(f"{token.text!r} at character {token.start} closes nothing")
            ends[opened.pop()] = place
    if opened:
        token = tokens[opened[-1]]
        raise ValueError(f"{token.text!r} at character {token.start} is not closed")
    return ends
