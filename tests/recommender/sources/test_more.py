"""Further well-known data sets, read by options alone: every fact of the samples, by hand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import recommender.cli.ingest as verbs
from recommender.cli.app import app
from tests.recommender.sources.facts import facts
from tests.recommender.sources.test_data_sets import PAGE

MORE = Path(__file__).parent / "more"
COMMANDS = [
    shlex.split(command.replace("\\|", "|"))
    for command in re.findall(
        r"^\|[^`\n]*\| `tastegraph (ingest [^`\n]*)` \|[^|`\n]*\|$", PAGE.read_text().partition("## More")[2], re.M
    )
]
FOLDERS = sorted({command[2].partition("/")[0] for command in COMMANDS})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What commands read, in place of what they write."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.chdir(MORE)
    monkeypatch.setattr(
        verbs, "_ingest", lambda context, records, *given, **named: found.extend(facts(records.records()))
    )
    return found


def test_every_sample_stands_on_the_page_and_has_its_facts() -> None:
    assert FOLDERS == sorted(folder.name for folder in MORE.iterdir()) == sorted(FACTS)
    assert {command[2] for command in COMMANDS} <= {
        path.relative_to(MORE).as_posix() for path in MORE.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_fact_of_a_sample(folder: str, read: list[tuple[Any, ...]]) -> None:
    for command in COMMANDS:
        if command[2].startswith(f"{folder}/"):
            done = CliRunner().invoke(app, ["-q", *command])
            assert done.exit_code == 0, done.output
    assert read == FACTS[folder]


FACTS: dict[str, list[tuple[Any, ...]]] = {
    "adressa": [
        ("event", "cx:i8i85z", "1495dc8c", "CLICKED", None, "2016-12-31 23:00:00"),
        ("rejected", "20170101", 2, "id"),
    ],
    "beeradvocate": [
        ("event", "stcules", "47986", "RATED", 1.5, "2009-02-16 20:57:03", "A lot of foam. But: a lot."),
        ("event", "stcules", "48213", "RATED", 3.0, "2009-03-01 13:44:57", "Dark red color"),
        ("item", "47986", "Sausa Weizen", None, {"beer_ABV": 5.0}, ["HAS_STYLE style Hefeweizen"]),
        ("item", "48213", "Red Moon", None, {}, ["HAS_STYLE style English Strong Ale"]),
    ],
    "ciao": [
        ("event", "1", "1", "RATED", 5.0, "2012-05-01 00:00:00", None, None, {"category": 2, "helpfulness": 3}),
    ],
    "citeulike": [
        ("event", "0", "5", "SAVED"),
        ("event", "0", "8", "SAVED"),
        ("event", "0", "1", "SAVED"),
        ("event", "1", "7", "SAVED"),
        ("event", "1", "8", "SAVED"),
        ("event", "3", "4", "SAVED"),
        ("item", "0", None, None, {}, [], ["CITES 1"]),
        ("item", "0", None, None, {}, [], ["CITES 5"]),
        ("item", "2", None, None, {}, [], ["CITES 0"]),
        ("item", "1", "The metabolic", 'How "it" works'),
    ],
    "delicious": [
        ("event", "8", "1", "TAGGED", None, "2010-11-08 22:29:22", None, None, {"tagID": "1"}),
        ("tie", "8", "FRIEND", "28371", None, "2009-11-13 15:21:00"),
    ],
    "douban": [
        ("kind", "RATED", None, None, None, (-1.0,)),
        ("event", "0", "0", "RATED", 4.0, "2011-07-14 00:00:00"),
        ("event", "1", "1", "RATED", -1.0, "2011-07-14 00:00:00"),
    ],
    "epinions": [
        ("tie", "22605", "TRUSTS", "42915", 1.0),
        ("tie", "22605", "TRUSTS", "5052", 1.0),
        ("tie", "42915", "TRUSTS", "22605", 1.0),
    ],
    "foursquare": [
        ("event", "470", "49bbd6c0f964a520f4531fe3", "VISITED", None, "2012-04-03 18:00:09"),
        ("event", "979", "4a43c0aef964a520c6a61fe3", "VISITED", None, "2012-04-03 18:00:25"),
        (
            "item",
            "49bbd6c0f964a520f4531fe3",
            None,
            None,
            {"lat": 40.719810375488535, "lon": -74.00258103213994},
            ["IN_CATEGORY category Arts & Crafts Store"],
        ),
        (
            "item",
            "4a43c0aef964a520c6a61fe3",
            None,
            None,
            {"lat": 40.606799581406435, "lon": -74.04416981025437},
            ["IN_CATEGORY category Bridge"],
        ),
    ],
    "globo": [
        ("event", "0", "157541", "CLICKED", None, "2017-10-01 03:00:28"),
    ],
    "gowalla": [
        ("event", "0", "22847", "VISITED", None, "2010-10-19 23:55:27"),
        ("event", "0", "420315", "VISITED", None, "2010-10-18 22:17:43"),
        ("item", "22847", None, None, {"lat": 30.2359091167, "lon": -97.7951395833}),
        ("item", "420315", None, None, {"lat": 30.2691029532, "lon": -97.7493953705}),
        ("tie", "0", "FRIEND", "1"),
        ("tie", "0", "FRIEND", "2"),
        ("tie", "1", "FRIEND", "0"),
    ],
    "instacart": [
        ("event", "1", "196", "PURCHASED", None, "1970-01-02 00:00:00"),
        ("event", "1", "14084", "PURCHASED", None, "1970-01-02 00:00:00"),
        ("event", "1", "196", "PURCHASED", None, "1970-01-03 00:00:00"),
        ("item", "196", "Soda", None, {}, ["AISLE aisle soft drinks", "DEPARTMENT department beverages"]),
        (
            "item",
            "14084",
            "Organic, Milk",
            None,
            {},
            ["AISLE aisle soy lactosefree", "DEPARTMENT department dairy eggs"],
        ),
    ],
    "jester-1": [
        ("event", "1", "1", "RATED", -7.82),
        ("event", "1", "2", "RATED", 8.79),
        ("event", "1", "4", "RATED", -8.16),
        ("event", "2", "1", "RATED", 4.08),
        ("event", "2", "2", "RATED", -0.29),
        ("event", "2", "3", "RATED", 6.36),
    ],
    "kkbox": [
        ("kind", "LISTENED", None, "flag"),
        ("event", "FGtllVqz18RPiwJj", "BBzumQNXUHKdEBOB7", "LISTENED", 1.0),
        ("event", "Xumu+NIjS6QYVxDS", "bhp/MpSNoqoxOIB+", "LISTENED", 0.0),
        (
            "item",
            "CXoTN1eb7AI",
            None,
            None,
            {"song_length": 247640},
            ["GENRE genre 465", "GENRE genre 2022", "PERFORMED_BY artist 張信哲 (Jeff Chang)"],
        ),
        ("person", "XQx"),
    ],
    "lastfm-hetrec": [
        ("event", "2", "51", "PLAYED", 13883.0),
        ("event", "2", "52", "PLAYED", 11690.0),
        ("entity", "tag:1", "métal", "tag"),
        ("entity", "tag:13", 'chill "out"', "tag"),
        ("item", "1", 'MALICE "X" MIZER'),
        ("item", "2", "Diary of Dreams"),
        ("item", "52", None, None, {}, ["TAG tag 13"]),
        ("item", "51", None, None, {}, ["TAG tag 1"]),
        ("event", "2", "52", "TAGGED", None, "2009-04-01 00:00:00", None, None, {"tagID": "13"}),
        ("event", "2", "51", "TAGGED", None, "2008-12-01 00:00:00", None, None, {"tagID": "1"}),
        ("tie", "2", "FRIEND", "275"),
        ("tie", "275", "FRIEND", "2"),
    ],
    "libimseti": [
        ("event", "1", "133", "RATED", 8.0),
        ("event", "1", "720", "RATED", 6.0),
        ("person", "1", {}, ["GENDER gender F"]),
        ("person", "2", {}, ["GENDER gender U"]),
    ],
    "lightgcn": [
        ("event", "0", "0", "INTERACTED"),
        ("event", "0", "1", "INTERACTED"),
        ("event", "0", "2", "INTERACTED"),
        ("event", "0", "3", "INTERACTED"),
        ("event", "1", "5", "INTERACTED"),
        ("event", "1", "1", "INTERACTED"),
        ("event", "2", "3", "INTERACTED"),
    ],
    "modcloth": [
        ("event", "991571", "123373", "RATED", 5.0),
        ("event", "587883", "123373", "INTERACTED"),
    ],
    "movietweetings": [
        ("event", "1", "0114508", "RATED", 8.0, "2013-10-05 21:00:50"),
        ("event", "2", "0499549", "RATED", 9.0, "2013-08-17 15:26:38"),
        (
            "item",
            "0000008",
            "Edison Kinetoscopic Record of a Sneeze (1894)",
            None,
            {},
            ["GENRE genre Documentary", "GENRE genre Short"],
        ),
        ("item", "0000010", "La sortie"),
    ],
    "myfitnesspal": [
        ("event", "1", "Coffee", "ATE", None, "2014-09-14 00:00:00"),
    ],
    "neural-cf": [
        ("event", "0", "32", "RATED", 4.0, "2001-01-06 23:38:50"),
        ("event", "0", "34", "RATED", 4.0, "2001-01-06 23:38:50"),
    ],
    "online-retail": [
        ("event", "17850", "85123A", "PURCHASED", 6.0, "2010-12-01 08:26:00"),
        ("event", "14527", "D", "PURCHASED", -1.0, "2010-12-01 09:41:00"),
        ("event", "12583", "22728", "PURCHASED", 24.0, "2010-12-13 08:45:00"),
        ("rejected", "data.csv", 5, "CustomerID"),
        ("item", "85123A", 'WHITE "HEART"'),
        ("item", "D", "Discount"),
        ("item", "22728", "ALARM £"),
        ("item", "22139"),
    ],
    "otto": [
        ("event", "12899779", "59625", "CLICKS", None, "2022-08-28 22:00:00"),
        ("event", "12899779", "59626", "CARTS", None, "2022-08-28 22:00:00"),
        ("event", "12899780", "1142000", "ORDERS", None, "2022-08-28 22:00:00"),
    ],
    "ratebeer": [
        ("event", "hopdog", "63836", "RATED", 13.0, "2006-09-07 00:00:00", "On tap"),
        ("event", "TomDecapolis", "63837", "RATED", 20.0, "2006-09-03 00:00:00", "x"),
    ],
    "rent-the-runway": [
        (
            "event",
            "420272",
            "2260466",
            "RATED",
            10.0,
            "2016-04-20 00:00:00",
            "An adorable romper!",
            "So many compliments!",
        ),
        ("event", "273551", "153475", "REVIEWED", None, "2013-06-18 00:00:00", "x", "y"),
        ("person", "420272", {"age": 28, "height": "5' 8\""}, ["HAS_BODY body hourglass"]),
        ("person", "273551"),
    ],
    "spotify-mpd": [
        ("event", "0", "spotify:track:0UaMY", "ADDED", None, "2017-04-29 00:00:00"),
        ("event", "0", "spotify:track:6I9", "ADDED", None, "2017-04-29 00:00:00"),
        ("event", "1", "spotify:track:6I9", "ADDED", None, "2017-09-28 00:00:00"),
        ("item", "spotify:track:0UaMY", "Lose", None, {}, ["PERFORMED_BY artist Missy", "ON_ALBUM album The"]),
        ("item", "spotify:track:6I9", "Toxic", None, {}, ["PERFORMED_BY artist Brit", "ON_ALBUM album Zone"]),
        ("item", "spotify:track:6I9", "Toxic", None, {}, ["PERFORMED_BY artist Brit", "ON_ALBUM album Zone"]),
    ],
    "trivago": [
        ("event", "00RL", "109038", "CLICKED", None, "2018-11-01 01:59:02", None, None, {"platform": "AU"}),
        ("event", "00RL", "3400638", "IMPRESSION", None, "2018-11-01 01:59:02"),
        ("event", "00RL", "1253714", "IMPRESSION", None, "2018-11-01 01:59:02"),
        ("event", "00RL", "109038", "IMPRESSION", None, "2018-11-01 01:59:02"),
    ],
    "xing": [
        ("event", "1", "2", "SHOWN", None, "2015-11-13 00:00:00"),
        ("event", "1", "3", "DELETED", None, "2015-11-13 00:01:40"),
    ],
    "yoochoose": [
        ("event", "1", "214536502", "CLICKED", None, "2014-04-07 10:51:09"),
        ("event", "1", "214536500", "CLICKED", None, "2014-04-07 10:54:09"),
        ("event", "420374", "214537888", "PURCHASED", 1.0, "2014-04-06 18:44:58"),
        ("event", "420374", "214537850", "PURCHASED", 2.0, "2014-04-06 18:44:58"),
    ],
}
