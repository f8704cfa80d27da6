"""Recipes on the other forms in which their data sets are published, and on downloads of which a part is missing."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recommender.sources.recipes import recipe
from tests.recommender.sources.facts import facts
from tests.recommender.sources.test_recipes import FACTS, SAMPLES

Read = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The facts that a recipe reads in a folder of these files."""

    def call(name: str, **files: str | bytes) -> list[tuple[Any, ...]]:
        for file, content in files.items():
            path = tmp_path / file
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return facts(recipe(name).records(tmp_path))

    return call


def test_book_crossing_as_kaggle_has_it(read: Read) -> None:
    found = read(
        "book-crossing",
        **{
            "Ratings.csv": "User-ID,ISBN,Book-Rating\n276725,034545104X,0\n276726,0155061224,5\n",
            "Books.csv": "ISBN,Book-Title,Book-Author,Year-Of-Publication,Publisher,Image-URL-S\n"
            '0155061224,"Rites, ""and"" Wrongs",Zoë Jones,2001,Heinle & Söhne,http://e.org/s\n'
            '078946697X,"DK Readers: Creating, the X-Men\\"";Michael Teitelbaum""",2000,DK Publishing Inc,http://e.org/s,\n',
            "Users.csv": 'User-ID,Location,Age\n276725,"nyc, new york, usa",\n276726,"köln, , germany",18.0\n',
        },
    )
    assert found == [
        ("kind", "RATED", None, None, None, (0.0,)),
        ("kind", "RATED", (1.0, 10.0)),
        ("event", "276725", "034545104X", "RATED", 0.0),
        ("event", "276726", "0155061224", "RATED", 5.0),
        (
            "item",
            "0155061224",
            'Rites, "and" Wrongs',
            None,
            {"Year_Of_Publication": 2001},
            ["WRITTEN_BY author Zoë Jones", "PUBLISHED_BY publisher Heinle & Söhne"],
        ),
        (
            "item",
            "078946697X",
            'DK Readers: Creating, the X-Men\\";Michael Teitelbaum"',
            None,
            {},
            ["WRITTEN_BY author 2000", "PUBLISHED_BY publisher http://e.org/s"],
        ),
        ("person", "276725", {"Location": "nyc, new york, usa"}),
        ("person", "276726", {"Location": "köln, , germany", "Age": 18.0}),
    ]


def test_netflix_as_the_prize_gave_it_out(read: Read) -> None:
    found = read(
        "netflix",
        **{
            "training_set/mv_0000001.txt": "1:\n1488844,3,2005-09-06\n822109,5,2005-05-13\n",
            "training_set/mv_0000002.txt": "2:\n1488844,4,2005-09-05\n",
            "movie_titles.txt": "1,2003,Dinosaur Planet\n4,1994,Paula Abdul's Get Up & Dance\n",
            "probe.txt": "1:\n30878\n",
            "qualifying.txt": "1:\n1046323,2005-12-19\n",
        },
    )
    assert found == [
        ("kind", "RATED", (1.0, 5.0)),
        ("event", "1488844", "1", "RATED", 3.0, "2005-09-06 00:00:00"),
        ("event", "822109", "1", "RATED", 5.0, "2005-05-13 00:00:00"),
        ("event", "1488844", "2", "RATED", 4.0, "2005-09-05 00:00:00"),
        ("item", "1", "Dinosaur Planet", None, {"year": 2003}),
        ("item", "4", "Paula Abdul's Get Up & Dance", None, {"year": 1994}),
    ]


def test_mind_in_two_folders(tmp_path: Path) -> None:
    for part in ("MINDsmall_train", "MINDsmall_dev"):
        shutil.copytree(SAMPLES / "mind", tmp_path / part)
    assert sorted(map(str, facts(recipe("mind").records(tmp_path)))) == sorted(2 * list(map(str, FACTS["mind"])))


def test_yelp_as_it_was_published_before(read: Read) -> None:
    """Without a prefix; lists where there are texts now."""
    found = read(
        "yelp",
        **{
            "review.json": json.dumps(
                {
                    "review_id": "r",
                    "user_id": "u",
                    "business_id": "b",
                    "stars": 4,
                    "text": "Fine.",
                    "date": "2016-05-28",
                }
            ),
            "business.json": json.dumps(
                {
                    "business_id": "b",
                    "name": "Café",
                    "city": "Montréal",
                    "state": "QC",
                    "stars": 4.5,
                    "review_count": 9,
                    "categories": ["Cafes", "Food"],
                    "attributes": ["WiFi: free"],
                }
            ),
            "user.json": json.dumps(
                {
                    "user_id": "u",
                    "name": "Ana",
                    "review_count": 2,
                    "average_stars": 4.0,
                    "yelping_since": "2012-02-29",
                    "friends": ["v", "w"],
                    "elite": ["None"],
                }
            ),
        },
    )
    assert found == [
        ("kind", "RATED", (1.0, 5.0)),
        ("event", "u", "b", "RATED", 4.0, "2016-05-28 00:00:00", "Fine."),
        (
            "item",
            "b",
            "Café",
            None,
            {"stars": 4.5, "review_count": 9},
            ["IN_CATEGORY category Cafes", "IN_CATEGORY category Food", "IN_CITY city Montréal", "IN_STATE state QC"],
        ),
        ("person", "u", {"name": "Ana", "review_count": 2, "average_stars": 4.0, "yelping_since": "2012-02-29"}),
        ("tie", "u", "FRIEND", "v"),
        ("tie", "u", "FRIEND", "w"),
    ]


def without(name: str, folder: Path, *files: str) -> list[tuple[Any, ...]]:
    shutil.copytree(SAMPLES / name, folder / name)
    for file in files:
        (folder / name / file).unlink()
    return facts(recipe(name).records(folder / name))


def test_goodreads_without_the_names_of_authors(tmp_path: Path) -> None:
    left = [fact for fact in FACTS["goodreads"] if fact[0] != "entity"]
    assert without("goodreads", tmp_path, "goodreads_book_authors.json", "goodreads_book_series.json") == left


def test_retailrocket_without_its_tree(tmp_path: Path) -> None:
    found = without("retailrocket", tmp_path, "category_tree.csv")
    assert found[3:] == [
        ("item", "355908", None, None, {"available": 1}, ["IN_CATEGORY category 1338"]),
        ("item", "356475", None, None, {}, ["IN_CATEGORY category 1338"]),
    ]


def test_retailrocket_where_nothing_says_a_category(read: Read) -> None:
    found = read(
        "retailrocket",
        **{
            "events.csv": "timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n",
            "item_properties_part1.csv": "timestamp,itemid,property,value\n1435460400000,355908,790,n277.200\n",
            "category_tree.csv": "categoryid,parentid\n1338,213\n",
        },
    )
    assert found[-1] == ("item", "355908")


def test_steam_games_that_say_little(read: Read) -> None:
    games = "{u'id': u'10', u'app_name': u'One', u'title': u'Uno'}\n{u'id': u'20', u'title': u'Two'}\n"
    assert read("steam", **{"steam_games.json": games}) == [
        ("kind", "PLAYED", None, "count"),
        ("item", "10", "One"),
        ("item", "20", "Two"),
    ]


def test_steam_games_whose_scores_come_late(read: Read) -> None:
    games = "".join(f"{{u'id': u'{game}', u'app_name': u'Game', u'price': 4.99}}\n" for game in range(1_200))
    found = read("steam", **{"steam_games.json": games + "{u'id': u'x', u'metascore': 87}\n"})
    assert found[-1] == ("item", "x", None, None, {"metascore": 87})


@pytest.mark.parametrize("name", ["amazon-2014-ratings", "amazon-2018-ratings", "amazon-2023-ratings"])
def test_ratings_as_they_are_packed(name: str, tmp_path: Path) -> None:
    for file in (SAMPLES / name).iterdir():
        (tmp_path / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert facts(recipe(name).records(tmp_path)) == FACTS[name]


def test_a_synopsis_of_2020(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "myanimelist-2020", tmp_path / "data")
    (tmp_path / "data" / "anime_with_synopsis.csv").write_text(
        'MAL_ID,Name,Score,Genres,sypnopsis\n67,Basil Isk,7.71,"Adventure, Fantasy","Two clans, one war."\n'
    )
    found = facts(recipe("myanimelist-2020").records(tmp_path / "data"))
    assert found == [*FACTS["myanimelist-2020"], ("item", "67", None, "Two clans, one war.")]
