"""The Amazon review dumps in both published forms: 2014 (McAuley et al., SIGIR 2015), 2018 (Ni et al., EMNLP 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kg.errors import RecordError
from kg.readers.cells import split
from kg.readers.cleaning import identifier, number, price
from kg.readers.form import Form, numbers_among
from kg.readers.jsonlines import JsonRows
from kg.readers.mapping import EventMapping
from kg.readers.markup import clean_text
from kg.readers.rows import Rows
from kg.readers.shaped import ShapedRows
from kg.readers.stream import FileSource, LineStream
from kg.readers.table import event_maker, with_codes
from kg.records import Attribute, Interaction, ItemRecord, KindRecord, Record, Reject, Related, Scale

SCALE = Scale(1, 5)
"""Stars."""

_REVIEW = EventMapping(
    user="reviewerID", item="asin", at="unixReviewTime", value="overall", text="reviewText", title="summary"
)
REVIEW = [
    "reviewerID",
    "asin",
    "unixReviewTime",
    "overall",
    "reviewText",
    "summary",
    "reviewTime",
    "verified",
    "vote",
    "helpful",
]
"""Columns of reviews that are read."""
METADATA = [
    "asin",
    "title",
    "description",
    "feature",
    "brand",
    "category",
    "categories",
    "main_cat",
    "price",
    "rank",
    "salesRank",
    "also_buy",
    "also_view",
    "related",
    "imUrl",
    "image",
]
"""Those of the items."""
_RELATED = {
    "also_buy": "ALSO_BOUGHT",
    "also_bought": "ALSO_BOUGHT",
    "also_view": "ALSO_VIEWED",
    "also_viewed": "ALSO_VIEWED",
    "bought_together": "BOUGHT_TOGETHER",
    "buy_after_viewing": "BOUGHT_AFTER_VIEWING",
}
_JUNK = (".a-box-inner", "getTime()", "function(", "{background", "{display")
"""Style sheets and scripts that the crawl of 2018 took for titles, brands and prices."""


def read_amazon(
    reviews: FileSource | None = None,
    items: FileSource | None = None,
    *,
    scale: Scale = SCALE,
    form: Form | None = None,
    item_form: Form | None = None,
) -> Iterator[Record | Reject]:
    """Items, if there is a file of them, then reviews.

    Raises:
        ReadError: a file cannot be read (any further), or is not JSON lines.
    """
    if items is not None:
        yield from read_amazon_items(items, form=item_form)
    if reviews is not None:
        yield from read_amazon_reviews(reviews, scale=scale, form=form)


def read_amazon_reviews(
    source: FileSource, *, scale: Scale = SCALE, form: Form | None = None
) -> Iterator[Interaction | KindRecord | Reject]:
    """Reviews as ``RATED`` events, by default on a scale of 1 to 5.

    The context holds ``verified`` (2018), ``votes`` (2018), ``helpful_votes`` and ``total_votes`` (2014). The time is
    ``unixReviewTime``, else ``reviewTime`` (``09 13, 2009``).
    """
    form = form or Form()
    form.must_suit("reviews")
    codes = numbers_among(form.codes("overall"))
    make = event_maker(_REVIEW, "RATED", scale, form, unrated=codes)

    def review(cells: Sequence[Any]) -> Interaction:
        user, item, at, overall, text, summary, day, verified, vote, helpful = cells
        event = make((user, item, day if at is None or at == "" else at, overall, None, text, summary, None))
        if event.value is None or isinstance(overall, bool):
            raise RecordError("overall", "is missing: a review has one to five stars")
        return replace(event, context=dict(_context(verified, vote, helpful)))

    yield from with_codes(_rows(source, form, keeps="overall").records(REVIEW, review), codes)


def _rows(source: FileSource, form: Form, *, keeps: str | None = None) -> Rows:
    rows: Rows = JsonRows(LineStream(source, form.encoding))
    rows = ShapedRows(rows, form) if form.shapes else rows
    rows.keeps = keeps
    return rows


def read_amazon_items(source: FileSource, *, form: Form | None = None) -> Iterator[ItemRecord | Reject]:
    """Metadata as items: brand and each level of the category path as entities, other items as relations.

    Markup, style sheets and scripts in place of a title, brand or price are left out, and so are names of other items
    that are no ids. Categories are known by their name alone, so "Accessories" is one entity under every parent. An
    item in two rows is given twice; the store merges.
    """
    form = form or Form()
    form.must_suit("metadata")
    yield from _rows(source, form).records(METADATA, _item)


def _item(cells: Sequence[Any]) -> ItemRecord:
    row = dict(zip(METADATA, cells, strict=True))
    item_id = identifier(row["asin"], "asin")
    texts = [_clean(part, name) for name in ("description", "feature") for part in _list(row[name])]
    return ItemRecord(
        id=item_id,
        title=_clean(row["title"], "title"),
        text=" ".join(filter(None, texts)) or None,
        properties=dict(_properties(row)),
        attributes=tuple(dict.fromkeys(_attributes(row))),
        related=tuple(dict.fromkeys(related for related in _related(row) if related.item_id != item_id)),
    )


def _context(verified: Any, vote: Any, helpful: Any) -> Iterator[tuple[str, bool | int]]:
    if isinstance(verified, bool):
        yield "verified", verified
    if (votes := _count(vote)) is not None:
        yield "votes", votes
    if isinstance(helpful, list) and len(helpful) == 2:
        for name, votes in zip(("helpful_votes", "total_votes"), map(_count, helpful), strict=True):
            if votes is not None:
                yield name, votes


def _properties(row: Mapping[str, Any]) -> Iterator[tuple[str, str | int | float]]:
    if (amount := price(row["price"])) is not None:
        yield "price", amount
    if (rank := _rank(row["rank"] or row["salesRank"])) is not None:
        yield "sales_rank", rank
    picture = row["imUrl"] or next(iter(_list(row["image"])), None)
    if isinstance(picture, str) and picture.startswith(("http://", "https://")):
        yield "image", clean_text(picture, "image") or picture


def _attributes(row: Mapping[str, Any]) -> Iterator[Attribute]:
    if brand := _clean(row["brand"], "brand"):
        yield from _fitting(Attribute("BRAND", "brand", brand))
    for level in split(row["category"] or row["categories"], "category", "\0") or [row["main_cat"]]:
        if name := _clean(level, "category"):
            yield from _fitting(Attribute("IN_CATEGORY", "category", name))


def _fitting(attribute: Attribute) -> Iterable[Attribute]:
    """Names over 200 characters are descriptions that slipped into the wrong field."""
    return (attribute,) if len(attribute.value) <= 200 else ()


def _related(row: Mapping[str, Any]) -> Iterator[Related]:
    lists = {"also_buy": row["also_buy"], "also_view": row["also_view"]}
    if isinstance(row["related"], dict):
        lists |= row["related"]
    for name, relation in _RELATED.items():
        for other in _list(lists.get(name)):
            try:
                item_id = identifier(other, name)
            except RecordError:
                continue
            if " " not in item_id and "<" not in item_id:
                yield Related(relation, item_id)


def _clean(value: Any, name: str) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return clean_text(value, name)  # "1984"
    if not isinstance(value, str) or any(mark in value for mark in _JUNK):
        return None
    if value.rstrip().endswith("/>") and "<" not in value:
        return None  # the end of a tag
    return clean_text(value, name)


def _list(value: Any) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return value
    return () if value is None or value == "" or isinstance(value, dict) else (value,)


def _count(value: Any) -> int | None:
    """A number of votes; the dump of 2018 writes "1,234"."""
    if isinstance(value, bool):
        return None
    try:
        count = number(value.replace(",", "") if isinstance(value, str) else value, "vote")
    except RecordError:
        return None
    return None if count is None or not 0 <= count < 2**53 else int(count)


def _rank(value: Any) -> int | None:
    """The place in the first list of sales: ``742 in Magazine (``, ``[">#1,234 in Books"]``, ``{"Books": 7}``."""
    if isinstance(value, dict):
        return _count(next(iter(value.values()), None))
    first = next(iter(_list(value)), None)
    if not isinstance(first, str):
        return _count(first)
    return _count(first.lstrip(">#").split(" ", 1)[0])
