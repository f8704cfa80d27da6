"""Values of properties as JSON and back, with nothing of them lost: zones, nanoseconds, not-a-number, bytes, points.

Text, whole numbers, finite floats, booleans and lists stand for themselves. What JSON cannot say is a map of one entry,
which no property can be::

    {"datetime": "2020-01-02T03:04:05.678901000+01:00[Europe/Berlin]"}   {"localdatetime": "..."}
    {"date": "2020-01-02"}   {"time": "..."}   {"duration": "P1M2DT3S"}
    {"float": "nan"}   {"bytes": "AAE="}   {"point": [4326, 2.0, 1.0]}
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

import pytz
from neo4j.spatial import CartesianPoint, Point, WGS84Point
from neo4j.time import Date, DateTime, Duration, Time

from kg.errors import StoreError

MAX_DEPTH = 64
"""Lists within each other: Neo4j takes none in another, and the embedded engine takes any."""
_POINTS = {4326: WGS84Point, 4979: WGS84Point, 7203: CartesianPoint, 9157: CartesianPoint}
"""Points by the number of their reference system; the driver knows two and three dimensions of each."""


def encode(properties: Mapping[str, Any], *, zoned: bool = True) -> dict[str, Any]:
    """Properties as the driver gives them, as JSON, by name.

    Args:
        properties: of a node or a relationship.
        zoned: whether the engine keeps zones; without, a moment that has none is in UTC.

    Raises:
        StoreError: a value that is no property of a Neo4j graph, such as a map.
    """
    encoded = {name: _encode(properties[name]) for name in sorted(properties)}
    return encoded if zoned else {name: in_utc(value) for name, value in encoded.items()}


def decode(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`encode` made, as the driver takes it."""
    return {name: _decode(value) for name, value in properties.items()}


def require_encoded(properties: Mapping[str, Any]) -> None:
    """Refuse what :func:`encode` does not make.

    Raises:
        ValueError: says which property it is, and what is wrong with it.
    """
    for name, value in properties.items():
        try:
            _require(value, 0)
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
            raise ValueError(f"property {name[:100]!r}: {str(error)[:200]}") from error


def in_utc(value: Any) -> Any:
    """An encoded value as an engine without zones gives it back: moments in UTC, save those of a named zone."""
    if isinstance(value, list):
        return [in_utc(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if "localdatetime" in value:
        return {"datetime": f"{value['localdatetime']}+00:00"}
    if "datetime" in value and not value["datetime"].endswith("]"):
        return _encode(DateTime.from_iso_format(value["datetime"]).astimezone(UTC))
    return value


def _encode(value: Any) -> Any:
    kind = type(value)
    if kind in (str, int, bool):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is list:
        # A vector has hundreds of numbers, so no Python runs for each.
        plain = set(map(type, value)) == {float} and all(map(math.isfinite, value))
        return value if plain else [_encode(entry) for entry in value]
    if kind is DateTime:
        return _encode_moment(value)
    if isinstance(value, Point):
        return {"point": [value.srid, *value]}
    if kind is bytes:
        return {"bytes": base64.b64encode(value).decode()}
    for name, (own, _) in _BY_TEXT.items():
        if kind is own:
            return {name: value.iso_format()}
    raise StoreError(f"a property holds {value!r}, which no other graph takes; remove it, or make text of it")


def _encode_moment(moment: DateTime) -> dict[str, str]:
    if moment.tzinfo is None:
        return {"localdatetime": moment.iso_format()}
    zone = getattr(moment.tzinfo, "zone", None)
    return {"datetime": moment.iso_format() + (f"[{zone}]" if zone not in (None, "UTC") else "")}


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(entry) for entry in value] if dict in set(map(type, value)) else value
    if not isinstance(value, dict):
        return value
    ((name, content),) = value.items()
    if name == "point":
        if len(content) not in (3, 4):
            raise ValueError("a point has two or three dimensions")
        return _POINTS[content[0]](content[1:])
    return _DECODE[name](content)


def _require(value: Any, depth: int) -> None:
    if isinstance(value, list):
        if depth == MAX_DEPTH:
            raise ValueError(f"lists are within over {MAX_DEPTH} others")
        if not set(map(type, value)) <= {str, float, bool}:
            for entry in value:
                _require(entry, depth + 1)
    elif isinstance(value, dict):
        _decode(value)
    elif value is None or (type(value) is int and not -(2**63) <= value < 2**63):
        raise ValueError(f"{value!r} is no value of a property")


def _moment(text: str) -> DateTime:
    iso, _, zone = text.rstrip("]").partition("[")
    moment = DateTime.from_iso_format(iso)
    if zone:
        return moment.astimezone(pytz.timezone(zone))
    # The driver takes its own UTC for a named zone.
    return moment if moment.utcoffset() else moment.replace(tzinfo=UTC)


_BY_TEXT: dict[str, tuple[type, Callable[[str], Any]]] = {
    "date": (Date, Date.from_iso_format),
    "time": (Time, Time.from_iso_format),
    "duration": (Duration, Duration.from_iso_format),
}
_DECODE: dict[str, Callable[[Any], Any]] = {
    "datetime": _moment,
    "localdatetime": DateTime.from_iso_format,
    "float": float,
    "bytes": base64.b64decode,
    **{name: parse for name, (_, parse) in _BY_TEXT.items()},
}
