"""Names for groups of texts: the words and pairs of words that set one group apart from the others."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from text.errors import InvalidSetting
from text.stopwords import ENGLISH

_WORD = re.compile(r"[^\W\d_][\w'’&-]*[^\W_]|[^\w\s'’&-]")
"""A word of at least two characters that begins with a letter, or a mark that ends a phrase."""


@dataclass(frozen=True)
class KeyphraseConfig:
    """Which phrases may name a group."""

    longest: int = 2
    """Most words of a phrase."""
    min_texts: int = 2
    """A phrase must be in this many texts of its group: one writer's turn of phrase names nothing. In a group of fewer
    texts it must be in all of them."""
    min_share: float = 0.15
    """And in this share of them, in [0, 1]: what few say is not what the group is about."""
    stop_words: frozenset[str] = ENGLISH
    """Words that no phrase holds, in lower case. The default is English; in other languages the logarithm below still
    keeps words that all groups use low."""

    def __post_init__(self) -> None:
        if self.longest < 1:
            raise InvalidSetting(f"longest: {self.longest} words; at least 1")
        if self.min_texts < 1:
            raise InvalidSetting(f"min_texts: {self.min_texts}; at least 1")
        if not 0 <= self.min_share <= 1:
            raise InvalidSetting(f"min_share: {self.min_share} is not in [0, 1]")


def name_groups(
    groups: Sequence[Sequence[str]], top: int = 3, config: KeyphraseConfig | None = None
) -> list[list[str]]:
    """The strongest keyphrases of each group of texts, by class-based TF-IDF.

    With ``n(t, x)`` how often phrase ``t`` occurs in text ``x``::

        tf(t, c) = sum of log2(1 + n(t, x)) over the texts x of group c
        f(t)     = sum of tf(t, c) over the groups
        A        = mean over the groups of sum_t tf(t, c)
        W(t, c)  = tf(t, c) / sum_t tf(t, c) * ln(1 + A / f(t))

    as in BERTopic (Grootendorst 2022, arXiv:2203.05794, with its implementation's term frequencies of sum 1), but for
    the logarithm in ``tf``: ten writers who say a thing once count for more than one who says it ten times. Phrases are
    runs of up to ``config.longest`` words without a stop word, a number or a punctuation mark in between. A phrase
    that shares a word with a stronger one chosen already is left out, so that three names are three things; for this a
    plural counts as its singular. Of equal weights the longer phrase wins, then the alphabet.

    >>> name_groups([["slim guitar strings", "guitar strings, steel"], ["garden hose", "the garden hose leaks"]], top=1)
    [['guitar strings'], ['garden hose']]

    Args:
        groups: texts of each group; a group may be empty.
        top: how many phrases a group gets at most; fewer where it has fewer.
        config: which phrases may name a group.

    Returns:
        For each group its phrases in lower case, the strongest first.
    """
    config = config or KeyphraseConfig()
    frequencies, support, phrases = _count(groups, config)
    weights = class_tf_idf(frequencies)
    names = []
    for group, texts in enumerate(groups):
        begin, end = weights.indptr[group], weights.indptr[group + 1]
        needed = min(max(config.min_texts, config.min_share * len(texts)), len(texts))
        kept = support.data[begin:end] >= needed
        columns, values = weights.indices[begin:end][kept], weights.data[begin:end][kept]
        ranked = sorted(
            zip(values.tolist(), (phrases[column] for column in columns), strict=True),
            key=lambda pair: (-round(pair[0], 12), -pair[1].count(" "), pair[1]),
        )
        names.append(_different((phrase for _, phrase in ranked), top))
    return names


def class_tf_idf(frequencies: sp.csr_matrix) -> sp.csr_matrix:
    """The weights ``W`` of :func:`name_groups` from ``tf``, ``(groups, phrases)`` float64, of the same sparsity."""
    sizes = np.asarray(frequencies.sum(axis=1)).ravel()
    totals = np.asarray(frequencies.sum(axis=0)).ravel()
    weights = frequencies.copy()
    if weights.nnz:
        rarity = np.log1p(sizes.mean() / totals)
        weights.data = frequencies.data / np.repeat(sizes, np.diff(frequencies.indptr)) * rarity[frequencies.indices]
    return weights


def phrases_of(text: str, config: KeyphraseConfig) -> Iterator[str]:
    """Every phrase of a text, in lower case, as often as it occurs.

    >>> list(phrases_of("The blues-rock guitar. 12 Strings", KeyphraseConfig()))
    ['blues-rock', 'guitar', 'blues-rock guitar', 'strings']
    """
    run: list[str] = []
    for word in _WORD.findall(text.lower().replace("’", "'")):
        word = word.removesuffix("'s")
        if len(word) < 2 or word in config.stop_words:
            run.clear()
            continue
        run.append(word)
        for length in range(1, min(config.longest, len(run)) + 1):
            yield " ".join(run[-length:])


def _count(groups: Sequence[Sequence[str]], config: KeyphraseConfig) -> tuple[sp.csr_matrix, sp.csr_matrix, list[str]]:
    """``tf`` and the number of texts of each phrase in each group, two matrices of one sparsity; and the phrases."""
    columns: dict[str, int] = {}
    indices: list[int] = []
    frequencies: list[float] = []
    supports: list[int] = []
    indptr = [0]
    for texts in groups:
        total: defaultdict[str, float] = defaultdict(float)
        support: Counter[str] = Counter()
        for text in texts:
            for phrase, count in Counter(phrases_of(text, config)).items():
                total[phrase] += math.log2(1 + count)
                support[phrase] += 1
        for phrase, frequency in total.items():
            indices.append(columns.setdefault(phrase, len(columns)))
            frequencies.append(frequency)
            supports.append(support[phrase])
        indptr.append(len(indices))
    shape = (len(groups), len(columns))
    tf, texts_with = (sp.csr_matrix((data, indices, indptr), shape=shape) for data in (frequencies, supports))
    return tf, texts_with, list(columns)


def _different(ranked: Iterable[str], top: int) -> list[str]:
    """The first ``top`` phrases of which no two share a word."""
    chosen: list[str] = []
    used: set[str] = set()
    for phrase in ranked:
        if len(chosen) == top:
            break
        words = {_singular(word) for word in phrase.split()}
        if used.isdisjoint(words):
            chosen.append(phrase)
            used |= words
    return chosen


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
