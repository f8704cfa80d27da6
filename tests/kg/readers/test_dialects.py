"""How files separate and quote: what is stated, what is found, and what is said where neither helps."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import pytest

from kg.errors import ReadError
from kg.readers import AttributeColumn, EventMapping, ItemMapping, UserMapping, open_rows, read_events, read_items
from kg.readers.form import Form
from kg.readers.rows import Rows
from kg.readers.table import open_table, read_users
from kg.records import Interaction, ItemRecord, Reject, UserRecord


def cells(path: Path, content: str | bytes, form: Form | None = None) -> list[Any]:
    """The cells of each row, or why it is none."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows = open_table(path, form)
    return [row.reason if isinstance(row, Reject) else list(row[1]) for row in rows.select(rows.columns)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


BOOKS = (
    '"ISBN";"Book-Title";"Book-Author";"Year"\r\n'
    '"0671010115";"GONE FISHIN : an Original Short Story \\"Smoke\\" (Easy Rawlins Mysteries)";"W. M.";"1998"\r\n'
    '"2";"\\"All\\"";"Müller";"1996"\r\n'
    '"3";"One ""way"" or \\"another\\"";"C:\\";"0"\r\n'
    '"4";"two\nlines, \\"one\\" title";"x";"1"\r\n'
    '"5";"back\\slash";"x";"2"\r\n'
)


def test_book_crossing(path: Path) -> None:
    found = cells(path, BOOKS.encode("latin-1"))
    assert found == [
        ["0671010115", 'GONE FISHIN : an Original Short Story "Smoke" (Easy Rawlins Mysteries)', "W. M.", "1998"],
        ["2", '"All"', "Müller", "1996"],
        ["3", 'One "way" or "another"', "C:\\", "0"],
        ["4", 'two\nlines, "one" title', "x", "1"],
        ["5", "back\\slash", "x", "2"],
    ]
    events = list(read_items(path, ItemMapping("ISBN", "Book-Title")))
    assert [e.title for e in events if isinstance(e, ItemRecord)][1] == '"All"'


def test_nothing_is_no_age(path: Path) -> None:
    path.write_text('"User-ID";"Location";"Age"\n"1";"porto";NULL\n"2";"n/a, moscow";"18"\n')
    first, second = read_users(path, UserMapping("User-ID", (), ("Age",)))
    assert isinstance(first, UserRecord)
    assert isinstance(second, UserRecord)
    assert (dict(first.properties).get("Age"), second.properties["Age"]) in ((None, 18), ("NULL", 18), ("NULL", "18"))


def test_a_label_that_ends_in_a_backslash_beside_escaped_quotes(path: Path) -> None:
    found = cells(
        path, 'id,path,x\n1,"C:\\",a\n2,"say \\"x\\", ok",b\n3,"D:\\",c\n4,"\\\\server\\",d\n5,"a \\"b\\"","\\"\n'
    )
    assert found == [
        ["1", "C:\\", "a"],
        ["2", 'say "x", ok', "b"],
        ["3", "D:\\", "c"],
        ["4", "\\\\server\\", "d"],
        ["5", 'a "b"', "\\"],
    ]


def test_an_escaped_quote_before_a_delimiter(path: Path) -> None:
    assert cells(path, 'id,text,n\n1,"the \\"best\\", they say",5\n') == [["1", 'the "best", they say', "5"]]


def test_a_first_row_with_escaped_quotes(path: Path) -> None:
    found = cells(path, '1;"a \\"b\\" c"\n2;"d"\n', Form(columns=("id", "title")))
    assert found == [["1", 'a "b" c'], ["2", "d"]]


def test_json_in_cells_is_left_as_it_is(path: Path) -> None:
    found = cells(path, 'id,data,x\n1,"{""a"": ""say \\""hi\\"" ""}",y\n2,"{""a"": 1}",z\n')
    assert found == [["1", '{"a": "say \\"hi\\" "}', "y"], ["2", '{"a": 1}', "z"]]


@pytest.mark.parametrize("escape", ["\\", "^"])
def test_an_escape_that_is_stated(path: Path, escape: str) -> None:
    content = 'id;title;n\n1;a^;b;2\n2;"x ^"y^" z";3\n3;^N;4\n4;c^^;5\n5;^t;6\n'.replace("^", escape)
    assert cells(path, content, Form(escape=escape)) == [
        ["1", "a;b", "2"],
        ["2", 'x "y" z', "3"],
        ["3", f"{escape}N", "4"],
        ["4", f"c{escape}", "5"],
        ["5", f"{escape}t", "6"],
    ]


def test_blanks(path: Path) -> None:
    for content in (
        " 22605 42915 1 \n 22605 5052 1 \n",
        "22605   42915\t1\n22605 5052   1\n",
        "\n22605 42915 1\r\n  22605 5052 1  \r\n",
    ):
        assert cells(path, content, Form(columns=("a", "b", "trust"))) == [
            ["22605", "42915", "1"],
            ["22605", "5052", "1"],
        ]
    assert cells(path, 'user  item\n"Ann Smith" i1\nu2    "say ""x"""\n') == [["Ann Smith", "i1"], ["u2", 'say "x"']]


@pytest.mark.parametrize("delimiter", ["::", "||", " - ", "\x01", "^", ":"])
def test_a_delimiter_that_is_stated(path: Path, delimiter: str) -> None:
    content = "".join(delimiter.join(row) + "\n" for row in (("user", "item", "x"), ("1", "Heat (1995)", "5")))
    assert cells(path, content, Form(delimiter=delimiter)) == [["1", "Heat (1995)", "5"]]


def test_two_colons_are_found(path: Path) -> None:
    movies = "1::Toy Story (1995)::Animation|Children's|Comedy\n2::Jumanji, or so (1995)::Adventure|Children's\n"
    assert cells(path, movies, Form(columns=("id", "title", "genres"))) == [
        ["1", "Toy Story (1995)", "Animation|Children's|Comedy"],
        ["2", "Jumanji, or so (1995)", "Adventure|Children's"],
    ]
    path.write_text("1::1193::5::978300760\n1::661::3::978302109\n")
    events = list(read_events(path, EventMapping("1", "2", value="3", at="4")))
    assert [(e.user_id, e.item_id, e.value) for e in events if isinstance(e, Interaction)] == [
        ("1", "1193", 5.0),
        ("1", "661", 3.0),
    ]


def test_the_delimiter_is_the_one_that_rows_agree_on(path: Path) -> None:
    content = "1;Lock, Stock, and Barrel, or so;1998\n2;Heat;1995\n3;Red, White;1994\n"
    assert cells(path, content, Form(columns=("id", "title", "year")))[0] == [
        "1",
        "Lock, Stock, and Barrel, or so",
        "1998",
    ]


TITLES = "1,2003,Dinosaur Planet\n2,NULL,Isle of Man TT\n3,2002,Aqua Teen Hunger Force: Vol. 1, Disc 2\n"


def test_the_last_column_takes_the_rest(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "kg"):
        found = cells(path, TITLES, Form(columns=("id", "year", "title")))
    assert found[2] == ["3", "2002", "Aqua Teen Hunger Force: Vol. 1, Disc 2"]
    assert "the last column takes the rest in 1 rows" in caplog.text
    assert cells(path, "id,year,title\n" + TITLES) == found
    first = "9,2001,One, two, three\n"
    assert cells(path, first + TITLES, Form(columns=("id", "year", "title")))[0] == ["9", "2001", "One, two, three"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("id,title,year\n1,Heat,1995\n2,Lock, Stock,1998\n", 2),  # the title overflows, and it is not the last
        ("id,name,text\n1,Ann Lee,good book\n2,Bob Low,fine\n3,Smith, Jo,nice\n", 3),
        ("id,rating\n1,5\n2,4,1\n3,2\n", 2),  # numbers
        ('id,title\n1,"Red, White"\n2,Heat\n3,Lock, Stock\n', 3),  # who quotes one, quotes all
        ("id,title\n1,a,b,c\n2,d,e,f\n3,x\n", 1),  # most have more than the header
    ],
)
def test_rows_of_which_nobody_knows_what_overflows_say_what_to_do(path: Path, content: str, line: int) -> None:
    reject = cells(path, content)[line - 1]
    assert isinstance(reject, str)
    assert reject.startswith("the row has ")
    assert '"' in content or "double quotes" in reject


def test_rows_that_all_end_in_a_delimiter(path: Path) -> None:
    assert cells(path, "a,b\n1,2,\n3,4,\n") == [["1", "2"], ["3", "4"]]
    assert cells(path, "a,b\n1,2,\n3,4\n")[1] == ["3", "4"]
    assert isinstance(cells(path, "a,b\n1,2,\n3,4\n")[0], str)


def test_blocks_are_named_where_nobody_said_so(path: Path) -> None:
    path.write_text("1:\n1488844,3,2005-09-06\n")
    with pytest.raises(ReadError, match="blocks='item'"):
        list(read_events(path))


def test_rows_of_unequal_length_guess_at_the_delimiter(path: Path) -> None:
    path.write_text("id;a,b;n\n1;x;2\n")
    assert cells(path, "id;a,b;n\n1;x;2\n", Form(delimiter=",")) == [
        "the row has 1 fields, and the header 2; both have 3 parted by ';': try delimiter="
    ]


PEOPLE = {
    "numbers": "1,Ann Smith,1995\n2,Bob Low,1990\n",
    "ids": "u1;Ann Smith\nu22;Bob Low\n",
    "mail": "Ann Smith,ann@example.org\nBob Low,bob@example.org\n",
    "repeated": "Ann Smith,good,Heat\nBob Low,good,Up\n",
}


@pytest.mark.parametrize("people", PEOPLE.values(), ids=PEOPLE)
def test_nobodys_data_are_printed_as_names_of_columns(path: Path, people: str) -> None:
    path.write_text(people)
    for read in (lambda: read_events(path), lambda: read_items(path), lambda: read_users(path, UserMapping("userId"))):
        with pytest.raises(ReadError, match=r"looks like data.*columns=") as caught:
            list(read())
        assert "Ann" not in str(caught.value)


def test_names_of_columns_are_printed(path: Path) -> None:
    path.write_text("kunde,ware\n1,2\n3,4\n")
    with pytest.raises(ReadError, match="the columns are: kunde, ware"):
        list(read_events(path))


def test_positions_are_no_names_for_the_graph(path: Path) -> None:
    path.write_text("1,Heat,1995,Crime\n2,Up,2009,Animation\n")
    for mapping in (
        ItemMapping("1", "2", properties=("3",)),
        ItemMapping("1", "2", attributes=(AttributeColumn("4"),)),
    ):
        with pytest.raises(ReadError, match=r"positions .* are no names.*columns="):
            list(read_items(path, mapping))
    first, _ = read_items(path, ItemMapping("1", "2", attributes=(AttributeColumn("4", "GENRE"),)))
    assert isinstance(first, ItemRecord)
    assert (first.title, [a.entity_id for a in first.attributes]) == ("Heat", ["genre:Crime"])
    named = Form(columns=("id", "title", "year", "genre"))
    first, _ = read_items(path, ItemMapping("id", "title", properties=("year",)), form=named)
    assert isinstance(first, ItemRecord)
    assert dict(first.properties) == {"year": 1995}


def test_numbers_between_blanks_are_columns(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for content, values in (
        ("1 100 5\n1 101 1\n2 100 4\n2 102 5\n", [5, 1, 4, 5]),
        ("196 242 3 881250949\n186 302 3 891717742\n22 377 1 878887116\n", [3, 3, 1]),
    ):
        path.write_text(content)
        with pytest.raises(ReadError, match=r"numbers in each row.*columns=.*mapping=.*read_lists"):
            list(read_events(path))
        names = ("user", "item", "rating", "timestamp")[: len(content.split("\n")[0].split())]
        for options in ({"mapping": EventMapping("1", "2", value="3")}, {"form": Form(columns=names)}):
            events = [e for e in read_events(path, **options) if isinstance(e, Interaction)]
            assert [e.value for e in events] == values
    path.write_text("1 100 101\n2 100\n3 7 8 9 10 11\n")
    with caplog.at_level(logging.INFO, "kg"):
        assert len(list(read_events(path))) == 8
    assert "read as lists" in caplog.text


def test_escaped_quotes_that_make_no_sense_take_linear_time(path: Path) -> None:
    bad = 20_000
    path.write_bytes(b"user,item\n" + b'a\\"b","c\\"\n' * bad + b'"\\"x","y\n' * bad + b"u,i\n")
    before = time.process_time()
    found = list(read_events(path))
    assert time.process_time() - before < 10
    assert len(found) >= bad
    assert isinstance(open_rows(path), Rows)


REMARKS = [
    "sep=;\nuser;item;rating\nu;i;4\n",
    "sep=;\r\nuser;item;rating\r\nu;i;4\r\n",
    '"sep=,"\nuser,item,rating\nu,i,4\n',
    "sep=\t\nuser\titem\trating\nu\ti\t4\n",
    "# made by hand\n# 2020, spring\nuser,item,rating\nu,i,4\n",
    "% sym\n% 5 5 5\nuser item rating\nu i 4\n",
    "# all of 2020\n# Nodes: 3 Edges: 5\n# user\titem\trating\nu\ti\t4\n",
    "# user item rating\nu i 4\n",
    "\n\n# late\nuser,item,rating\nu,i,4\n",
    "user,item,rating\nu,i,4\n\0\0\0\0",
    "user,item,rating\nu,i,4\n\x1a",
]


@pytest.mark.parametrize("content", REMARKS)
def test_what_stands_before_and_behind_a_table_is_no_row(path: Path, content: str) -> None:
    path.write_bytes(content.encode())
    (event,) = read_events(path)
    assert isinstance(event, Interaction)
    assert (event.user_id, event.item_id, event.value) == ("u", "i", 4.0)


def test_rows_that_begin_as_remarks_do_are_rows(path: Path) -> None:
    path.write_text("#100,One\n#200,Two\n300,Three\n")
    items = list(read_items(path, ItemMapping("1", "2")))
    assert [item.id for item in items if isinstance(item, ItemRecord)] == ["#100", "#200", "300"]
    path.write_text("#,name\n1,One\n")
    assert [item.id for item in read_items(path, ItemMapping("#", "name")) if isinstance(item, ItemRecord)] == ["1"]


def test_lines_keep_their_numbers_behind_remarks(path: Path) -> None:
    path.write_text("# a\n# b\nuser,item,rating\nu,i,x\n")
    (reject,) = read_events(path)
    assert isinstance(reject, Reject)
    assert (reject.line, reject.field) == (4, "rating")


def test_blanks_before_quotes_are_nothing(path: Path) -> None:
    assert cells(path, 'user, item, rating\nu, i, 4\nu2, "i,2", 5\n')[1] == ["u2", "i,2", "5"]
