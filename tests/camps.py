"""A small world with a known answer: two camps of people, each of which loves its own movies."""

import csv
from pathlib import Path

PEOPLE = ["ann", "bob", *(f"u{number}" for number in range(22))]
MOVIES = [f"m{number}" for number in range(1, 17)]
OPEN = {("ann", "m7"), ("ann", "m9"), ("ann", "m8"), ("ann", "m10"), ("bob", "m8"), ("bob", "m7")}
"""Pairs without an event: what is left to recommend."""


def loves(person: str, movie: str) -> bool:
    """Whether the movie is of the person's camp: the first person's are m1, m3, ..."""
    return (PEOPLE.index(person) - MOVIES.index(movie)) % 2 == 0


def ratings() -> list[tuple[str, str, int, int]]:
    """User, item, stars, Unix seconds; about four of five pairs."""
    return [
        (person, movie, 5 if loves(person, movie) else 1, 1_700_000_000 + 3600 * (16 * row + column))
        for row, person in enumerate(PEOPLE)
        for column, movie in enumerate(MOVIES)
        if (row * 7 + column * 3) % 5 and (person, movie) not in OPEN
    ]


def write(folder: Path) -> None:
    """``ratings.csv``, ``movies.csv`` and ``people.csv``, as the README calls them."""
    genres = ("Comedy|Music", "Drama")
    plots = ("a cheerful comedy about a band", "a slow and quiet story of a family by the sea")
    tables: dict[str, list[tuple[object, ...]]] = {
        "ratings.csv": [("user_id", "movie_id", "rating", "timestamp"), *ratings()],
        "movies.csv": [
            ("movie_id", "title", "plot", "genres", "director"),
            *(
                (movie, f"Movie {number}", f"{plots[number % 2]}, part {number}", genres[number % 2], f"D{number % 4}")
                for number, movie in enumerate(MOVIES, 1)
            ),
        ],
        "people.csv": [
            ("user_id", "age", "occupation"),
            *((person, 20 + number, ("writer", "cook")[number % 2]) for number, person in enumerate(PEOPLE)),
        ],
    }
    for name, rows in tables.items():
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
