"""Values that may stand for none: words, numbers apart from all others, dates that nobody means."""

from __future__ import annotations

from collections import Counter

from kg.readers.form import DOUBTFUL
from recommender.scales import SPIKE

NUMBERS = frozenset(
    (0, -1, -9, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999, 9999999, 2147483647, -2147483648)
)
"""Numbers that are often codes; each is one only where it lies outside of all others."""
NEVER = frozenset(("9999-12-31", "2999-12-31", "0000-00-00", "0001-01-01", "31/12/9999", "12/31/9999", "31.12.9999"))
EPOCHS = frozenset(
    ("1900-01-01", "1970-01-01", "1899-12-30", "1899-12-31", "1753-01-01", "1800-01-01", "01/01/1900", "1/1/1900")
)
"""Where calendars of programs begin; codes where they come again."""
RATING = 10.0
"""Up to here numbers may be stars, of which 0 is none."""


class Codes:
    """Counts the candidates in one column."""

    def __init__(self) -> None:
        self._numbers: Counter[float] = Counter()
        self._texts: Counter[str] = Counter()
        self._lowest = self._highest = float("nan")
        self._cells = 0

    def number(self, number: float) -> None:
        """One more cell with this number."""
        self._cells += 1
        if number in NUMBERS:
            self._numbers[number] += 1
        else:
            self._lowest = number if not self._lowest <= number else self._lowest
            self._highest = number if not self._highest >= number else self._highest

    def text(self, text: str) -> None:
        """One more cell with this text."""
        if text in DOUBTFUL or text[:10] in NEVER or text[:10] in EPOCHS or text[:8] in EPOCHS:
            self._texts[text] += 1

    def found(self, distinct: int, *, ids: bool) -> dict[str, int]:
        """Those that are codes by their place and number, of a column with so many different values."""
        found = {f"{code:g}": often for code, often in self._numbers.items() if self._is_code(code, often, ids=ids)}
        often_enough = {
            text: often for text, often in self._texts.items() if often > 1 or text in DOUBTFUL or text[:10] in NEVER
        }
        several = distinct > len(found) + len(often_enough)  # else it is all there is
        codes = found | often_enough if several else {}
        return dict(sorted(codes.items(), key=lambda pair: (-pair[1], pair[0])))

    def _is_code(self, code: float, often: int, *, ids: bool) -> bool:
        low, high = self._range(code)
        if not low <= high:
            return False
        spike = often > max(1, SPIKE * self._cells)
        if ids:
            return (code < 0 <= low) or (code == 0 and spike and high - low > 100)
        far = (low - code if code < low else code - high) > high - low > 0
        if code > 0:
            return code > high and far and often > 1
        if code < 0:
            return code < low and (low >= 0 or (far and often > 1))
        return 0 < low < high and ((far and often > 1) or (spike and (low >= 5 or (low >= 1 and high <= RATING))))

    def _range(self, code: float) -> tuple[float, float]:
        """Of what is no code, with the candidates that lie next to it or within."""
        low, high = self._lowest, self._highest
        for other in sorted(self._numbers, key=abs):
            if other != code and other >= 0 and low - 1 <= other <= high + 1:
                low, high = min(low, other), max(high, other)
        return low, high
