"""Cypher that takes a value of an owner's for what is wanted, or for nothing: it never fails, whatever the value is.

================  ======================================================================================================
an id             a text of at most :data:`LONGEST_ID` bytes; a number, a truth value or a moment as text; not NaN
a text            likewise, of any length
a number          a number or a text that spells one; no truth value, no NaN, nothing infinite
a moment          a date or a moment; a text or a whole number that is one in ISO 8601, with a ``T`` or a blank before
                  the time; with a unit a number of seconds or milliseconds since 1970. The years are 2 to 9998
================  ======================================================================================================
"""

from __future__ import annotations

from kg.quoting import neo4j_text

LONGEST_ID = 8_000
"""Bytes; Neo4j indexes no key of more than 8,164."""
UNITS = {"s": ("epochSeconds", 1), "ms": ("epochMillis", 1000)}
"""What a Unix time may count."""
_FIRST, _LAST = -62_104_060_800, 253_370_764_800
"""Seconds: the years 2 to 9998, so that no zone leads out of what a date can hold."""


def _days(dash: str) -> str:
    """Regular expression for dates that there are, with this between their parts."""
    months = (
        f"(0[13578]|1[02]){dash}(0[1-9]|[12][0-9]|3[01])|(0[469]|11){dash}(0[1-9]|[12][0-9]|30)"
        f"|02{dash}(0[1-9]|1[0-9]|2[0-8])"
    )
    leap = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
    return f"[0-9]{{4}}{dash}({months})|{leap}{dash}02{dash}29"


_ISO = "replace(split(s, '<')[0], ' ', 'T')"
_YEARS = "(?!000[01]|9999)"
_ZONE = "(Z|[+-](0[0-9]|1[0-7])(:?[0-5][0-9])?(<[A-Za-z0-9/_+-]+>)?)?"
_TIME = f"[T ]([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9]([.,][0-9]{{1,9}})?)?)?{_ZONE}"
MOMENT = f"{_YEARS}([0-9]{{4}}(-(0[1-9]|1[0-2]))?|({_days('-')}|{_days('')})({_TIME})?)"
"""Regular expression for what is read as a moment, a zone's name in ``<>``: each text that matches it is one."""


def id_of(cypher: str) -> str:
    """An id, or null."""
    letter = "CASE WHEN c > '\u07ff' THEN 3 WHEN c > '~' THEN 2 ELSE 1 END"  # bytes; of two, the halves of one of four
    size = f"CASE WHEN size(v) <= {LONGEST_ID // 4} THEN 0 ELSE reduce(s = 0, c IN split(v, '') | s + {letter}) END"
    return f"head([v IN [x IN [{cypher}] WHERE x = x | toStringOrNull(x)] WHERE {size} <= {LONGEST_ID} | v])"


def text_of(cypher: str) -> str:
    """A text, or null."""
    return f"toStringOrNull({cypher})"


def number_of(cypher: str) -> str:
    """A number, or null."""
    return f"head([v IN [toFloatOrNull({cypher})] WHERE v - v = 0 | v])"


def moment_of(cypher: str, unit: str | None = None) -> str:
    """A moment, or null."""
    if unit is None:
        marked = "replace(replace(trim(toStringOrNull(m)), '[', '<'), ']', '>')"  # no backslash is read in two ways
        other = f"head([s IN [{marked}] WHERE s =~ {neo4j_text(MOMENT)} | datetime({_ISO})])"
    else:
        name, parts = UNITS[unit]
        other = (
            f"CASE WHEN m IS :: DATE NOT NULL THEN {moment_of('m')} ELSE head([s IN [toFloatOrNull(m)] "
            f"WHERE {_FIRST * parts} <= s <= {_LAST * parts} | datetime({{{name}: toInteger(s)}})]) END"
        )
    native = "m IS :: LOCAL DATETIME NOT NULL OR m IS :: ZONED DATETIME NOT NULL"
    moment = f"head([t IN [m] WHERE toStringOrNull(m) =~ '{_YEARS}[0-9]{{4}}-.*' | datetime({{datetime: m}})])"
    return f"head([m IN [{cypher}] WHERE m IS NOT NULL | CASE WHEN {native} THEN {moment} ELSE {other} END])"
