"""Recipes: every fact of a small sample in the published form of each data set, by hand."""

from __future__ import annotations

import gzip
import shutil
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from kg.errors import ReadError
from recommender.sources.document import read_source
from recommender.sources.recipes import names, recipe
from tests.recommender.sources.facts import facts

SAMPLES = Path(__file__).parent / "samples"

FACTS: dict[str, list[tuple[Any, ...]]] = {
    "amazon-2014": [
        (
            "item",
            "7806397051",
            'WAWO 15 Color "Pro"',
            "It's a palette",
            {"price": 7.5, "sales_rank": 5, "image": "http://example.org/i.jpg"},
            [
                "BRAND brand Wawo",
                "IN_CATEGORY category Beauty",
                "IN_CATEGORY category Makeup",
                "IN_CATEGORY category Face",
            ],
            ["ALSO_BOUGHT B000052YOB", "ALSO_VIEWED B0002D"],
        ),
        ("kind", "RATED", (1, 5)),
        (
            "event",
            "A1YJEY40YUW4SE",
            "7806397051",
            "RATED",
            1.0,
            "2014-01-30 00:00:00",
            "Very oily.",
            "Not for me",
            {"helpful_votes": 3, "total_votes": 4},
        ),
    ],
    "amazon-2014-ratings": [
        ("kind", "RATED", (1.0, 5.0)),
        ("event", "A39HTATAQ9V7YF", "0205616461", "RATED", 5.0, "2013-05-28 00:00:00"),
        ("event", "A3JM6GV9MNOF9X", "0558925278", "RATED", 3.0, "2012-12-14 00:00:00"),
    ],
    "amazon-2018": [
        (
            "item",
            "B0000530HU",
            "Aqua Velva",
            "After shave. Cools",
            {"price": 7.39, "sales_rank": 65003},
            ["BRAND brand Aqua Velva", "IN_CATEGORY category All Beauty"],
            ["ALSO_BOUGHT B00AM3"],
        ),
        ("kind", "RATED", (1, 5)),
        (
            "event",
            "A3CIUOJXQ5VDQ2",
            "B0000530HU",
            "RATED",
            5.0,
            "2016-09-01 00:00:00",
            "As advertised.",
            "Five Stars",
            {"verified": True, "votes": 12},
        ),
    ],
    "amazon-2018-ratings": [
        ("kind", "RATED", (1.0, 5.0)),
        ("event", "A1V6B6TNIC10QE", "0143026860", "RATED", 1.0, "2015-02-19 00:00:00"),
        ("event", "A2PD27UKAD3Q00", "014789302X", "RATED", 3.0, "2017-11-27 00:00:00"),
    ],
    "amazon-2023": [
        ("kind", "RATED", (1.0, 5.0)),
        (
            "event",
            "AGKHLEW2SOWHNM",
            "B00YQ6X8E0",
            "RATED",
            5.0,
            "2020-05-05 14:08:48",
            "This spray is nice. Very.",
            "Such a lovely scent",
            {"asin": "B00YQ6X8EO", "verified_purchase": True, "helpful_vote": 2},
        ),
        (
            "item",
            "B01CUPMQZE",
            "Howard LC0008 Leather",
            "Cleans Shines No bees.",
            {"average_rating": 4.8, "rating_number": 10},
            ["BRAND brand Howard Products", "IN_CATEGORY category All Beauty"],
        ),
        (
            "item",
            "B00YQ6X8E0",
            "A Book",
            "Paperback",
            {"price": 12.99, "average_rating": 4.0, "rating_number": 1},
            [
                "BRAND brand Ann Author (Author)",
                "IN_CATEGORY category Books",
                "IN_CATEGORY category Science & Math",
                "WRITTEN_BY author Ann Author",
            ],
        ),
    ],
    "amazon-2023-ratings": [
        ("kind", "RATED", (1.0, 5.0)),
        ("event", "AGKHLEW2SOWHNM", "B00YQ6X8EO", "RATED", 5.0, "2020-05-05 14:08:48"),
    ],
    "book-crossing": [
        ("kind", "RATED", None, None, None, (0.0,)),
        ("kind", "RATED", (1.0, 10.0)),
        ("event", "276725", "034545104X", "RATED", 0.0),
        ("event", "276726", "0155061224", "RATED", 5.0),
        ("event", "276726", "0671010115", "RATED", 10.0),
        (
            "item",
            "0671010115",
            'GONE : an Original "Smoke" (Easy Mysteries)',
            None,
            {"Year_Of_Publication": 1998},
            ["WRITTEN_BY author W. Mósley", "PUBLISHED_BY publisher Simon & Schuster"],
        ),
        (
            "item",
            "0155061224",
            "Rites; and Wrongs",
            None,
            {},
            ["WRITTEN_BY author J. Jones", "PUBLISHED_BY publisher Heinle"],
        ),
        ("person", "276725", {"Location": "tyler, texas, usa"}),
        ("person", "276726", {"Location": "málaga, , spain", "Age": 18}),
    ],
    "goodreads": [
        ("kind", "READ", None, "rating"),
        ("kind", "SHELVED", None, "event", 0.3),
        ("entity", "author:604031", "Ronald J. Fíelds", "author"),
        ("entity", "author:7", "Ann Other", "author"),
        ("entity", "series:189911", "Sun Wolf", "series"),
        ("kind", "READ", None, None, None, (0.0,)),
        ("kind", "READ", (1.0, 5.0)),
        ("event", "8842281e", "24375664", "READ", 5.0, "2017-08-25 20:55:02"),
        ("event", "8842281e", "99", "READ", 0.0, "2016-02-24 09:18:40"),
        ("kind", "SHELVED", None, None, None, (0.0,)),
        ("event", "8842281e", "98", "SHELVED", 0.0, "2016-02-24 09:18:41"),
        (
            "item",
            "24375664",
            "W.C. Poems",
            "Of poems.",
            {
                "isbn13": "9780312853129",
                "publication_year": 1984,
                "num_pages": 256,
                "average_rating": 4.0,
                "language_code": "eng",
            },
            [
                "WRITTEN_BY author 604031",
                "WRITTEN_BY author 7",
                "PUBLISHER publisher St. Martin's Press",
                "IN_SERIES series 189911",
                "HAS_FORMAT format Paperback",
            ],
            ["SIMILAR_TO 99"],
        ),
        (
            "item",
            "24375664",
            None,
            None,
            {},
            ["GENRE genre poetry", "GENRE genre history, historical fiction, biography"],
        ),
        ("item", "99"),
    ],
    "goodreads-reviews": [
        ("kind", "READ", None, "rating"),
        ("entity", "author:604031", "Ronald J. Fíelds", "author"),
        ("entity", "author:7", "Ann Other", "author"),
        ("kind", "READ", None, None, None, (0.0,)),
        ("kind", "READ", (1.0, 5.0)),
        ("event", "8842281e", "24375664", "READ", 5.0, "2017-08-25 20:55:02", "Mind blowing. Really!"),
        ("kind", "READ", None, None, None, (0.0,)),
        ("kind", "READ", (1.0, 5.0)),
        ("event", "01ec1a32", "24375664", "READ", 0.0, "2013-12-28 00:00:00"),
        (
            "item",
            "24375664",
            "W.C. Poems",
            "Of poems.",
            {
                "isbn13": "9780312853129",
                "publication_year": 1984,
                "num_pages": 256,
                "average_rating": 4.0,
                "language_code": "eng",
            },
            [
                "WRITTEN_BY author 604031",
                "WRITTEN_BY author 7",
                "PUBLISHER publisher St. Martin's Press",
                "IN_SERIES series 189911",
                "HAS_FORMAT format Paperback",
            ],
            ["SIMILAR_TO 99"],
        ),
    ],
    "goodreads-csv": [
        ("kind", "READ", None, "rating"),
        ("kind", "SHELVED", None, "event", 0.3),
        ("entity", "author:604031", "Ronald J. Fíelds", "author"),
        ("entity", "author:7", "Ann Other", "author"),
        ("kind", "READ", None, None, None, (0.0,)),
        ("kind", "READ", (1.0, 5.0)),
        ("event", "8842281e", "34684622", "READ", 5.0),
        ("event", "8842281e", "12", "READ", 0.0),
        ("kind", "SHELVED", None, None, None, (0.0,)),
        ("event", "72fb0d00", "34684622", "SHELVED", 0.0),
        ("rejected", "goodreads_interactions.csv", 5, "book_id_map.book_id"),
        (
            "item",
            "12",
            "W.C. Poems",
            "Of poems.",
            {
                "isbn13": "9780312853129",
                "publication_year": 1984,
                "num_pages": 256,
                "average_rating": 4.0,
                "language_code": "eng",
            },
            ["WRITTEN_BY author 604031", "PUBLISHER publisher St. Martin's Press", "HAS_FORMAT format Paperback"],
        ),
    ],
    "lastfm-1k": [
        ("event", "user_000001", 'Deep "D" Dish Made Famous (Live)-09-28-2007', "PLAYED", None, "2009-05-04 23:08:57"),
        ("event", "user_000001", "80c5f9f5-7b9e-4b5e-9d4a-0f9f1e0f0a11", "PLAYED", None, "2009-05-04 13:54:10"),
        ("event", "user_000002", "80c5f9f5-7b9e-4b5e-9d4a-0f9f1e0f0a11", "PLAYED", None, "2009-05-04 13:54:10"),
        (
            "item",
            'Deep "D" Dish Made Famous (Live)-09-28-2007',
            "Made Famous (Live)-09-28-2007",
            None,
            {},
            ['PERFORMED_BY artist Deep "D" Dish'],
        ),
        (
            "item",
            "80c5f9f5-7b9e-4b5e-9d4a-0f9f1e0f0a11",
            "Composition 0919",
            None,
            {},
            ["PERFORMED_BY artist Ryu & Ito"],
        ),
        (
            "item",
            "80c5f9f5-7b9e-4b5e-9d4a-0f9f1e0f0a11",
            "Composition 0919",
            None,
            {},
            ["PERFORMED_BY artist Ryu & Ito"],
        ),
        ("person", "user_000001", {"gender": "m", "registered": "Aug 13, 2006"}, ["LIVES_IN country Japan"]),
        ("person", "user_000002", {"gender": "f", "age": 38, "registered": "Feb 24, 2006"}),
    ],
    "lastfm-360k": [
        ("kind", "PLAYED", None, "count"),
        ("event", "00000c289a18", "3bd73256-3905-4f3a-97e2-8b341527f805", "PLAYED", 2137.0),
        ("event", "00000c289a18", "die alten ärzte", "PLAYED", 1099.0),
        ("item", "3bd73256-3905-4f3a-97e2-8b341527f805", 'betty "b" blowtorch'),
        ("item", "die alten ärzte", "die alten ärzte"),
        ("person", "00000c289a18", {"gender": "f", "age": 22, "signup": "Feb 1, 2007"}, ["LIVES_IN country Germany"]),
        ("person", "00001411dc42", {"gender": "m", "signup": "Jul 17, 2008"}, ["LIVES_IN country Mexico"]),
    ],
    "mind": [
        ("event", "U13740", "N55689", "CLICKED", None, "2019-11-11 09:05:58"),
        ("event", "U13740", "N35729", "IMPRESSION", None, "2019-11-11 09:05:58"),
        ("event", "U91836", "N20678", "IMPRESSION", None, "2019-11-12 18:11:30"),
        ("event", "U91836", "N39317", "IMPRESSION", None, "2019-11-12 18:11:30"),
        ("event", "U13740", "N35729", "CLICKED", None, "2019-11-11 22:05:58"),
        ("event", "U13740", "N55189", "CLICKED"),
        ("event", "U13740", "N42782", "CLICKED"),
        ("event", "U13740", "N55189", "CLICKED"),  # once more: stored once
        ("event", "U13740", "N42782", "CLICKED"),
        (
            "item",
            "N55189",
            '"Yes" she said: The Brands They Swear By',
            "Shop the notebooks.",
            {},
            [
                "IN_CATEGORY category lifestyle",
                "IN_SUBCATEGORY subcategory lifestyleroyals",
                "HAS_ENTITY entity Prince Philip, Duke of E",
            ],
        ),
        (
            "item",
            "N55689",
            'The Cost of "Kicks"',
            None,
            {},
            ["IN_CATEGORY category sports", "IN_SUBCATEGORY subcategory football_nfl", "HAS_ENTITY entity NFL"],
        ),
    ],
    "movielens-100k": [
        ("kind", "RATED", (1.0, 5.0)),
        ("event", "196", "242", "RATED", 3.0, "1997-12-04 15:55:49"),
        ("event", "186", "1", "RATED", 5.0, "1998-04-04 19:22:22"),
        (
            "item",
            "1",
            "Toys of Tin (1995)",
            None,
            {"release_date": "01-Jan-1995", "imdb_url": "http://example.org/title?Toys%20(1995)"},
            ["GENRE genre Animation", "GENRE genre Children's", "GENRE genre Comedy"],
        ),
        (
            "item",
            "242",
            '"Café" Society (1997)',
            None,
            {"release_date": "24-Jan-1997", "imdb_url": "http://example.org/title?Cafe"},
            ["GENRE genre Comedy"],
        ),
        ("item", "267", "unknown"),
        ("person", "196", {"age": 49, "gender": "M", "zip": "55105"}, ["OCCUPATION occupation writer"]),
        ("person", "186", {"age": 39, "gender": "F", "zip": "01602"}, ["OCCUPATION occupation executive"]),
    ],
    "movielens-10m": [
        ("kind", "RATED", (0.5, 5.0)),
        ("event", "1", "122", "RATED", 5.0, "1996-08-02 11:24:06"),
        ("event", "2", "110", "RATED", 0.5, "1997-07-07 03:22:57"),
        ("event", "15", "122", "TAGGED", None, "2008-07-04 15:17:10", 'excellent! a "must"'),
        ("item", "122", "Boomerang, Le (1992)", None, {}, ["GENRE genre Comedy", "GENRE genre Romance"]),
        ("item", "110", 'Cœur de Lion: "Brave" (1995)'),
    ],
    "movielens-1m": [
        ("kind", "RATED", (1.0, 5.0)),
        ("event", "1", "1193", "RATED", 5.0, "2000-12-31 22:12:40"),
        ("event", "2", "661", "RATED", 1.0, "2000-12-31 22:35:09"),
        ("item", "661", "Misérables, Les (1995)", None, {}, ["GENRE genre Drama", "GENRE genre Musical"]),
        ("item", "1193", "Nest: The Cuckoo's (1975)", None, {}, ["GENRE genre Drama"]),
        ("person", "1", {"gender": "F", "age": 1, "zip": "48067"}, ["OCCUPATION occupation K-12 student"]),
        ("person", "2", {"gender": "M", "age": 56, "zip": "02138-1234"}, ["OCCUPATION occupation self-employed"]),
    ],
    "movielens-32m": [
        ("kind", "RATED", (0.5, 5.0)),
        ("event", "1", "17", "RATED", 4.0, "1999-12-03 19:24:37"),
        ("event", "1", "25", "RATED", 0.5, "1999-12-03 19:43:48"),
        ("event", "22", "25", "TAGGED", None, "2020-03-01 05:01:26", "slow, but good"),
        ("item", "17", "Sense (1995)", None, {}, ["GENRE genre Drama", "GENRE genre Romance"]),
        ("item", "25", "Leaving, At Last (1995)"),
        ("item", "17", None, None, {"imdbId": "0114388", "tmdbId": "4584"}),
        ("item", "25", None, None, {"imdbId": "0113627"}),
    ],
    "myanimelist": [
        ("kind", "RATED", None, None, None, (-1.0,)),
        ("kind", "RATED", (1.0, 10.0)),
        ("event", "1", "20", "RATED", -1.0),
        ("event", "1", "24", "RATED", 10.0),
        ("event", "3", "20", "RATED", 2.0),
        (
            "item",
            "20",
            "Kimi no Machi",
            None,
            {"episodes": 1, "rating": 9.37, "members": 200630},
            ["GENRE genre Drama", "GENRE genre Romance", "HAS_TYPE type Movie"],
        ),
        ("item", "24", 'Gintama\': "Two"', None, {"members": 99}, ["GENRE genre Comedy", "HAS_TYPE type TV"]),
    ],
    "myanimelist-2020": [
        ("kind", "LISTED", None, "event"),
        ("kind", "PLANNED", None, "event", 0.3),
        ("kind", "WATCHING", None, None, None, (0.0,)),
        ("kind", "WATCHING", (1.0, 10.0)),
        ("event", "0", "67", "WATCHING", 9.0, None, None, None, {"watched_episodes": 1}),
        ("kind", "PLANNED", None, None, None, (0.0,)),
        ("event", "0", "6702", "PLANNED", 0.0, None, None, None, {"watched_episodes": 0}),
        ("kind", "WATCHED", None, None, None, (0.0,)),
        ("kind", "WATCHED", (1.0, 10.0)),
        ("event", "1", "67", "WATCHED", 0.0, None, None, None, {"watched_episodes": 12}),
        (
            "item",
            "67",
            "Basil Isk",
            None,
            {"Episodes": 24, "Score": 7.71, "Members": 150000},
            [
                "GENRE genre Adventure",
                "GENRE genre Fantasy",
                "MADE_BY studio Gon Zo",
                "HAS_TYPE type TV",
                "MADE_FROM source Manga",
            ],
        ),
        ("item", "6702", "Fairy Tale", None, {"Members": 9}, ["HAS_TYPE type TV"]),
    ],
    "netflix": [
        ("kind", "RATED", (1.0, 5.0)),
        ("event", "1488844", "1", "RATED", 3.0, "2005-09-06 00:00:00"),
        ("event", "822109", "1", "RATED", 5.0, "2005-05-13 00:00:00"),
        ("event", "1488844", "2", "RATED", 4.0, "2005-09-05 00:00:00"),
        ("item", "1", "Dinosaur Planet of Mine", None, {"year": 2003}),
        ("item", "2", 'Isle of "Mañana"'),
        ("item", "3", "Aqua Force: Vol. 1, Disc 2", None, {"year": 1992}),
    ],
    "retailrocket": [
        ("event", "257597", "355908", "VIEW", None, "2015-06-02 05:02:12"),
        ("event", "992329", "248676", "ADDTOCART", None, "2015-06-02 05:50:14"),
        (
            "event",
            "599528",
            "356475",
            "TRANSACTION",
            None,
            "2015-06-02 05:17:56",
            None,
            None,
            {"transactionid": "4000"},
        ),
        ("entity", "category:1338", "1338", "category"),
        ("triple", "category:1338", "WITHIN", "category:213"),
        ("entity", "category:213", "213", "category"),
        ("entity", "category:5", "5", "category"),
        ("triple", "category:5", "WITHIN", "category:169"),
        ("item", "355908", None, None, {"available": 1}, ["IN_CATEGORY category 1338", "IN_CATEGORY category 213"]),
        ("item", "356475", None, None, {}, ["IN_CATEGORY category 1338", "IN_CATEGORY category 213"]),
    ],
    "steam": [
        ("kind", "PLAYED", None, "count"),
        ("event", "76561197970982479", "10", "PLAYED", 6.0),
        ("event", "76561197970982479", "20", "PLAYED", 0.0),
        ("event", "js41637", "10", "LIKED", None, "2011-11-05 00:00:00", 'Simple yet with "great" replayability.'),
        ("event", "js41637", "30", "LIKED", None, None, "Again."),
        ("event", "js41637", "20", "DISLIKED", None, "2011-07-15 00:00:00", "It's not fun."),
        (
            "event",
            "Chaos",
            "328100",
            "REVIEWED",
            None,
            "2017-12-17 00:00:00",
            "This was much better.",
            None,
            {"hours": 9.9, "early_access": False},
        ),
        (
            "event",
            "76561198043",
            "10",
            "REVIEWED",
            None,
            "2018-01-04 00:00:00",
            "Café!",
            None,
            {"hours": 1.5, "early_access": True},
        ),
        (
            "item",
            "10",
            "Lost Summoner",
            None,
            {"price": 4.99, "release_date": "2018-01-04", "metascore": 87, "sentiment": "Mostly Positive"},
            [
                "GENRE genre Action",
                "GENRE genre Indie",
                "TAG tag Strategy",
                "TAG tag RPG",
                "DEVELOPED_BY developer Kotosh",
                "PUBLISHED_BY publisher Kotosh",
            ],
        ),
        ("item", "20", 'Free "Game"', None, {"price": "Free To Play"}, ["GENRE genre Casual"]),
    ],
    "steam-200k": [
        ("kind", "PLAYED", None, "count"),
        ("event", "151603712", "The Elder Scrolls, Five", "PURCHASED", 1.0),
        ("event", "151603712", "The Elder Scrolls, Five", "PLAYED", 273.0),
        ("event", "59945701", "Fallout 4", "PURCHASED", 1.0),
        ("item", "The Elder Scrolls, Five", "The Elder Scrolls, Five"),
        ("item", "The Elder Scrolls, Five", "The Elder Scrolls, Five"),
        ("item", "Fallout 4", "Fallout 4"),
    ],
    "yelp": [
        ("kind", "RATED", (1.0, 5.0)),
        (
            "event",
            "mh_-eMZ6K5RL",
            "XQfwVwDr-v0Z",
            "RATED",
            3.0,
            "2018-07-07 22:09:11",
            "If you decide to eat here, just be aware.",
            None,
            {"useful": 0, "funny": 2, "cool": 1},
        ),
        (
            "event",
            "AGNUgVwnZUey",
            "XQfwVwDr-v0Z",
            "TIPPED",
            None,
            "2012-05-18 02:17:21",
            'Ask for "the corner".',
            None,
            {"compliment_count": 0},
        ),
        (
            "item",
            "XQfwVwDr-v0Z",
            "St Honoré Pastries",
            None,
            {
                "stars": 4.0,
                "review_count": 80,
                "is_open": 1,
                "address": "935 Race St",
                "postal_code": "19107",
                "latitude": 39.95,
                "longitude": -75.15,
                "attributes_WiFi": "free",
                "attributes_RestaurantsPriceRange2": 1,
            },
            [
                "IN_CATEGORY category Restaurants",
                "IN_CATEGORY category Coffee & Tea",
                "IN_CITY city Philadelphia",
                "IN_STATE state PA",
            ],
        ),
        (
            "item",
            "MTSW4McQd7Cb",
            "The Store",
            None,
            {
                "stars": 2.5,
                "review_count": 15,
                "is_open": 0,
                "postal_code": "63123",
                "latitude": 38.5,
                "longitude": -90.3,
            },
            ["IN_CITY city Affton", "IN_STATE state MO"],
        ),
        (
            "person",
            "mh_-eMZ6K5RL",
            {
                "name": "Ana",
                "review_count": 585,
                "average_stars": 3.91,
                "fans": 267,
                "yelping_since": "2007-01-25 16:47:26",
            },
        ),
        ("tie", "mh_-eMZ6K5RL", "FRIEND", "NSCy54eWehBJ"),
        ("tie", "mh_-eMZ6K5RL", "FRIEND", "pe42u7DcCH2Q"),
        (
            "person",
            "NSCy54eWehBJ",
            {
                "name": "Bo",
                "review_count": 1,
                "average_stars": 5.0,
                "fans": 0,
                "yelping_since": "2009-01-25 16:47:26",
            },
        ),
    ],
}


@pytest.mark.parametrize("name", names())
def test_every_fact_of_a_sample_is_stored(name: str) -> None:
    assert facts(recipe(name).records(SAMPLES / name)) == FACTS[name]


@pytest.mark.parametrize("name", ["movielens-1m", "goodreads-csv", "retailrocket", "netflix"])
def test_the_archive_as_it_is_downloaded_says_the_same(name: str, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / name), "zip", SAMPLES, name)
    assert facts(recipe(name).records(Path(archive))) == FACTS[name]


@pytest.mark.parametrize("name", ["steam", "goodreads", "yelp", "amazon-2014", "amazon-2018", "amazon-2023"])
def test_files_as_the_publisher_packs_them_say_the_same(name: str, tmp_path: Path) -> None:
    for file in (SAMPLES / name).iterdir():
        (tmp_path / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert facts(recipe(name).records(tmp_path)) == FACTS[name]


@pytest.mark.parametrize("name", names())
def test_a_recipe_is_data_with_a_line_of_text(name: str) -> None:
    source = recipe(name)
    assert source.name == name
    assert source.text
    assert "\n" not in source.text


def test_recipes_come_with_the_package(tmp_path: Path) -> None:
    """Also where it is no folder, they are found as resources; beside the module there is no code."""
    files = [file for file in resources.files("recommender.sources.recipes").iterdir() if file.is_file()]
    assert {file.name for file in files if not file.name.endswith(".toml")} == {"__init__.py"}
    for file in files:
        if file.name.endswith(".toml"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
            assert read_source(tmp_path / file.name) == recipe(file.name.removesuffix(".toml"))


def test_facts_are_those_of_every_recipe() -> None:
    assert sorted(FACTS) == names()


def test_a_map_that_says_two_things_of_a_number_is_an_error(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "goodreads-csv", tmp_path / "data")
    with (tmp_path / "data" / "book_id_map.csv").open("a") as file:
        file.write("948,34684622\n")
    assert facts(recipe("goodreads-csv").records(tmp_path / "data")) == FACTS["goodreads-csv"]
    with (tmp_path / "data" / "book_id_map.csv").open("a") as file:
        file.write("948,7\n")
    with pytest.raises(ReadError, match=r"book_id_map.csv: book_id_csv '948' stands there several times"):
        list(recipe("goodreads-csv").records(tmp_path / "data"))


def test_a_map_that_is_not_there_is_named(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "goodreads-csv", tmp_path / "data")
    (tmp_path / "data" / "user_id_map.csv").unlink()
    with pytest.raises(ReadError, match=r"has no file 'user_id_map.csv'; there is book_id_map.csv"):
        list(recipe("goodreads-csv").records(tmp_path / "data"))
