"""Where texts speak of known names: strings in, spans out."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from text.errors import InvalidSetting, MissingExtra
from text.stopwords import ENGLISH

_CAPITAL_BEFORE = re.compile(r"[^\W\d_a-z][\w'’.]*[ &-]+$")
_CAPITAL_AFTER = re.compile(r"(?:['’]s)?[ &-]+[^\W\d_a-z]")
_OPENING = re.compile(r"(?:^|[.!?:\n])[\"'“‘(\s]*$")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+")
SENTENCE = 400
"""Characters of a sentence at most: lists without a full stop are cut around the name."""


@dataclass(frozen=True)
class MentionConfig:
    """Which names are looked for, and how strictly."""

    shortest: int = 2
    """Names of fewer characters are not looked for, nor are those without a letter."""
    exact_below: int = 5
    """Shorter names count in their own case only: "US" is not "us"."""
    common_share: float = 0.2
    """A name that texts write small in more than this share of its places is a word as well, in [0, 1]."""
    stop_words: frozenset[str] = ENGLISH
    """Words that are common whatever the texts say, in lower case."""

    def __post_init__(self) -> None:
        if self.shortest < 1:
            raise InvalidSetting(f"shortest: {self.shortest} characters; at least 1")
        if not 0 <= self.common_share <= 1:
            raise InvalidSetting(f"common_share: {self.common_share} is not in [0, 1]")


class Span(NamedTuple):
    """One place where a name stands: ``text[start:end]``."""

    start: int
    end: int
    name: str
    """The name in lower case, as :func:`folded` writes it."""


class NameFinder:
    """Finds names at word boundaries, of overlapping ones the leftmost, then the longest.

    All names are looked for at once (Aho and Corasick, 1975), so the time is that of reading the text.

    >>> finder = NameFinder(["Time", "Time Out", "US"], common={"time"})
    >>> [(text, [text[s.start:s.end] for s in finder.find(text)]) for text in ("TIME OUT of US, Time", "us in time")]
    [('TIME OUT of US, Time', ['TIME OUT', 'US', 'Time']), ('us in time', [])]

    Raises:
        MissingExtra: ahocorasick-rs is not installed.
    """

    def __init__(
        self, names: Iterable[str], config: MentionConfig | None = None, common: Collection[str] = frozenset()
    ) -> None:
        """``common`` are names, in lower case, that are words as well; where they count says :func:`stands_alone`."""
        try:
            from ahocorasick_rs import AhoCorasick
        except ImportError as error:
            raise MissingExtra("names in text need ahocorasick-rs: pip install 'tastegraph[mentions]'") from error
        self._config = config = config or MentionConfig()
        self._spellings: defaultdict[str, set[str]] = defaultdict(set)
        for name in names:
            if len(name) >= config.shortest and any(map(str.isalpha, name)):
                self._spellings[folded(name)].add(name)
        self._names = list(self._spellings)
        self._common = frozenset(common)
        self._exact = {name for name in self._names if name in common or len(name) < config.exact_below}
        self._automaton = AhoCorasick(self._names)

    def find(self, text: str) -> list[Span]:
        """The spans of a text, in order, none within another."""
        low = folded(text)
        found = [
            Span(start, end, self._names[at])
            for at, start, end in self._automaton.find_matches_as_indexes(low, overlapping=True)
        ]
        # Overlapping matches are filtered before one is chosen: a longer one that is no word must not hide a shorter.
        kept = sorted(
            (span for span in found if _is_whole(low, span) and self._is_in_case(text, span)),
            key=lambda span: (span.start, -span.end),
        )
        chosen: list[Span] = []
        for span in kept:
            if not chosen or span.start >= chosen[-1].end:
                chosen.append(span)
        return chosen

    def _is_in_case(self, text: str, span: Span) -> bool:
        if span.name in self._exact and text[span.start : span.end] not in self._spellings[span.name]:
            return False
        return span.name not in self._common or stands_alone(text, span)


def stands_alone(text: str, span: Span) -> bool:
    """Whether the capitals of a common word say that it is a name, and a whole one.

    At the beginning of a sentence every word has one; beside another word with one it is a part of a longer name, such
    as "Men" of "Men's Journal". A name that is written small has no capital to go by, and may stand anywhere.

    >>> texts = ["I read Time.", "Time flies.", "Prime Time is on.", "Time Out"]
    >>> [stands_alone(text, Span(text.index("Time"), text.index("Time") + 4, "time")) for text in texts]
    [True, False, False, False]
    """
    if text[span.start : span.end] == span.name:
        return True
    before, after = text[max(0, span.start - 40) : span.start], text[span.end : span.end + 8]
    return not (_OPENING.search(before) or _CAPITAL_BEFORE.search(before) or _CAPITAL_AFTER.match(after))


def common_names(texts: Iterable[str], names: Collection[str], config: MentionConfig | None = None) -> frozenset[str]:
    """The names, in lower case, that are words too: texts write them small in over ``config.common_share`` of places.

    So are stop words. A name that is itself written small is none of these, unless it is a stop word.

    >>> sorted(common_names(["People say people like People.", "some people"], ["People", "Wired"]))
    ['people']
    """
    config = config or MentionConfig()
    small: Counter[str] = Counter()
    own: Counter[str] = Counter()
    spellings = set(names)
    finder = NameFinder(names, MentionConfig(config.shortest, exact_below=0))
    for text in texts:
        for span in finder.find(text):
            written = text[span.start : span.end]
            small[span.name] += written == span.name
            own[span.name] += written in spellings
    lows = {folded(name) for name in names}
    share = config.common_share
    words = {name for name in lows if small[name] > share * (small[name] + own[name]) and name not in spellings}
    return frozenset(words | (lows & config.stop_words))


def folded(text: str) -> str:
    """In lower case, character by character, so that places stay what they are.

    >>> folded("BOSS İ")
    'boss İ'
    """
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def sentence_of(text: str, start: int, end: int) -> str:
    """The sentence around a span, cut to :data:`SENTENCE` characters around it.

    >>> sentence_of("It came late. I read Time weekly! Good.", 21, 25)
    'I read Time weekly!'
    """
    first, last = 0, len(text)
    for stop in _SENTENCE_END.finditer(text):
        if stop.end() <= start:
            first = stop.end()
        elif stop.start() >= end:
            last = stop.start()
            break
    room = max(0, SENTENCE - (end - start)) // 2
    return text[max(first, start - room) : min(last, end + room)].strip()


def _is_whole(text: str, span: Span) -> bool:
    """Whether no word goes on beyond either end."""
    before = text[span.start - 1 : span.start] if span.start else ""
    after = text[span.end : span.end + 1]
    return not (_joins(before, text[span.start]) or _joins(text[span.end - 1], after))


def _joins(left: str, right: str) -> bool:
    return bool(left and right) and (left.isalnum() or left == "_") and (right.isalnum() or right == "_")
