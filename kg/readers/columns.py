"""What a column of properties holds, decided once for all its cells: by the words of its name, then by what they are.

============== ======================================================= ==============================================
a column of    is one                                                   a cell becomes
============== ======================================================= ==============================================
codes          whose name says so (``zip``, ``isbn13``, ``userId``)     text, whatever it looks like
prices         whose name ends so (``price``, ``unit_cost_usd``)        a number without currency; what is no price,
               and most of whose cells are prices                       such as ``Free``, stays text
numbers        whose cells are all numbers in their usual form          a number; ``NA`` and the like are none
texts          any other: with ``01234`` there, ``85711`` is one too    text
============== ======================================================= ==============================================

The first cells decide; where they are all numbers, or all empty, one further down may still be none, so a source that
can be read again is looked at to its end.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from kg.readers.cells import scalar
from kg.readers.cleaning import Missing, price
from kg.readers.form import NOTHING
from kg.readers.markup import clean_text
from kg.records import Scalar

Kind = Literal["text", "code", "price", "number", "float", "cells"]
"""``float``: a column of numbers with decimals; ``cells``: it holds no text, so each cell is what it is."""

_WORD = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+")
_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,15})\.\d{1,15}")
_CODES = frozenset(
    re.findall(
        r"\S+",
        """
        zip zipcode postal postalcode postcode plz pincode phone telephone code codes areacode countrycode productcode
        stockcode barcode barcodes isbn isbns ean upc gtin asin sku issn
        """,
    )
)
_IDS = frozenset({"id", "ids", "uid", "uuid", "guid"})
_OF_IDS = re.compile(
    "(?:user|item|product|movie|film|book|work|edition|track|song|artist|album|author|genre|category|brand|shop|store|"
    "seller|vendor|customer|order|parent|imdb|tmdb|wiki|wikidata|dbpedia|goodreads|steam|isbn|ext|external|internal|"
    "source|object|content|video|channel|playlist|game|app|business|article|news|event|session|visitor|member|device|"
    "city|country|region|place|venue|hotel|recipe|restaurant|anime|manga|document|doc|group|team|company|publisher|"
    "label|entity|concept|person|actor|director|series|show|season|episode|transaction|invoice)ids?"
)
_PRICES = frozenset(
    re.findall(
        r"\S+",
        """
        price prices cost costs msrp rrp unitprice listprice saleprice salesprice retailprice startprice minprice
        maxprice avgprice totalprice baseprice netprice grossprice itemprice productprice priceusd priceeur pricegbp
        unitcost totalcost shippingcost
        """,
    )
)
_MEASURES = frozenset(
    re.findall(
        r"\S+",
        """
        usd eur gbp jpy inr chf cad aud cny brl dollar dollars euro euros cents in per unit each min max low high avg
        average mean median total net gross amount value current original discounted initial final
        """,
    )
)
"""Words that may follow one for a price: they say which."""


def words(column: str) -> list[str]:
    """The words of a column's name, in lower case.

    >>> words("mean_rating"), words("costumeDesigner"), words("ISBN13")
    (['mean', 'rating'], ['costume', 'designer'], ['isbn', '13'])
    """
    return [word.lower() for word in _WORD.findall(column)]


def holds_codes(column: str) -> bool:
    """Whether the name says that digits are a name here, not a number."""
    named = words(column)
    return bool(named) and (
        not _CODES.isdisjoint(named) or named[-1] in _IDS or _OF_IDS.fullmatch(named[-1]) is not None
    )


def holds_prices(column: str) -> bool:
    """Whether the name says that amounts of money stand here."""
    named = words(column)
    while named and (named[-1] in _MEASURES or named[-1].isdigit()):
        named.pop()
    return bool(named) and named[-1] in _PRICES


@dataclass(frozen=True, slots=True)
class Column:
    """A column of properties."""

    name: str
    kind: Kind
    nothing: Collection[str] = NOTHING
    """What stands for none among numbers."""

    @classmethod
    def of(cls, name: str, cells: Iterable[Any], nothing: Collection[str] = NOTHING) -> Column:
        """What these cells say."""
        seen = Seen(name, nothing)
        for cell in cells:
            seen.see(cell)
        return seen.column()

    def read(self, cell: Any) -> Scalar | None:
        """The value of a cell; None when it is empty.

        Raises:
            Missing: it stands for none; RecordError: it cannot be right.
        """
        if not isinstance(cell, str):
            return self._written(scalar(cell, self.name))
        text = clean_text(cell, self.name)
        if text is None:
            return None
        if text in self.nothing:
            raise Missing(self.name, text)
        if self.kind == "price":
            return _amount(text)
        if self.kind in ("number", "float"):
            if _WHOLE.fullmatch(text):
                return float(text) if self.kind == "float" else int(text)
            if _DECIMAL.fullmatch(text):
                return float(text)
        return text

    def _written(self, value: Scalar | None) -> Scalar | None:
        """A number of a frame in a column of codes as its file would have it."""
        if self.kind != "code" or isinstance(value, bool | str) or value is None:
            return value
        return clean_text(value, self.name)


def _amount(text: str) -> float | str:
    """A number without its currency; a text such as ``Free`` stays."""
    if _WHOLE.fullmatch(text) or _DECIMAL.fullmatch(text):
        return float(text)
    amount = price(text)
    return text if amount is None else amount


class Seen:
    """What the cells of a column that were seen say of it."""

    def __init__(self, name: str, nothing: Collection[str] = NOTHING) -> None:
        self._name, self._nothing = name, nothing
        self._codes, self._named_price = holds_codes(name), holds_prices(name)
        self._texts = self._numbers = self._prices = 0
        self._points = self._typed = self._said = False

    def see(self, cell: Any) -> None:
        """Take note of one cell."""
        if not isinstance(cell, str):
            self._typed = self._typed or (isinstance(cell, int | float) and not isinstance(cell, bool))
            return
        text = cell.strip()
        if not text or text in self._nothing:
            self._said = self._said or bool(text)
            return
        self._texts += 1
        if _WHOLE.fullmatch(text):
            self._numbers += 1
        elif _DECIMAL.fullmatch(text):
            self._numbers += 1
            self._points = True
        if self._named_price:
            self._prices += price(text) is not None

    @property
    def open(self) -> bool:
        """Whether a further cell may make another column of it: numbers, or nothing yet."""
        return not (self._codes or self._named_price or self._typed) and self._numbers == self._texts

    def column(self) -> Column:
        """What it holds."""
        if self._codes:
            return Column(self._name, "code", ())
        if self._named_price and 2 * self._prices >= self._texts:
            return Column(self._name, "price", self._nothing)
        if self._numbers < self._texts:
            return Column(self._name, "text", ())
        if not self._numbers:
            return Column(self._name, "cells", self._nothing if self._typed or self._said else ())
        return Column(self._name, "float" if self._points else "number", self._nothing)
