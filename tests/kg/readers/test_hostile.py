"""Files made to harm: each ends soon, within 300 MB beyond the imports, and says which bound it passed."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import random
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyoxigraph as ox
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from kg.errors import ReadError, RecordError, TooMuch
from kg.rdf.files import RdfFile
from kg.rdf.plain_xml import PlainXml
from kg.rdf.sieve import JsonSieve, TurtleSieve
from kg.readers import AttributeColumn, ItemMapping, cells, columnar, pages, read_events, read_items, read_lists, stream
from kg.readers.cleaning import number, price, timestamp
from kg.readers.jsonlines import parse_object
from kg.readers.knowledge import read_knowledge
from kg.readers.markup import clean_text
from kg.readers.stream import Trusted
from kg.records import Interaction, ItemRecord, Reject, clean_kind
from recommender.cli.app import app
from tests import bounded

XML = b'<?xml version="1.0"?>\n%s<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:s="http://v/">'
END = b"</rdf:RDF>"
ABOUT = b'<rdf:Description rdf:about="http://a">'
OF = b"</rdf:Description>"
NT = b"<http://a> <http://b> "
LONG = b"x" * 8_100
FACE = "http://e/\N{GRINNING FACE}".encode() + LONG[:8_000] + b"/"
TERMS = b'{"@context":{"@vocab":"http://v/"},'


def xml(content: bytes, doctype: bytes = b"") -> bytes:
    return XML % doctype + ABOUT + content + OF + END


REFUSED: dict[str, tuple[bytes, str]] = {
    "nested.jsonld": (b'{"@id":"http://a","http://b":' * 5_000 + b'"x"' + b"}" * 5_000, "nested over 256 deep"),
    "lists.jsonld": (b'{"@id":"http://a","http://b":' + b"[" * 70_000 + b"]" * 70_000 + b"}", "nested over 256 deep"),
    "chain.jsonld": (
        b'{"@id":"http://a","\\u0040context":{'
        + b",".join(b'"x%d":"x%d:a"' % (n, n + 1) for n in range(20_000))
        + b"}}",
        "@context has over 5000 texts",
    ),
    "wide.jsonld": (TERMS + b'"@id":"http://a","b":[' + b"{}," * 1_500_000 + b"{}]}", "has over 3 MiB"),
    "token.jsonld": (TERMS + b'"@id":"http://a","b":"' + b"x" * 17_000_000 + b'"}', "over 8 MiB"),
    "late.jsonld": (
        b'{"@graph":[' + b'{"@id":"http://a","b":"c"},' * 20_000 + b'{}],"@context":{"@vocab":"http://v/"}}',
        "put it before",
    ),
    "collections.ttl": (NT + b"(" * 100_000 + b")" * 100_000 + b" .", "nested over 256 deep"),
    "blank.ttl": (b"@prefix a: <http://a> .\na:b a:c " + b"[ a:d " * 9_000 + b'"x"' + b"]" * 9_000, "nested over"),
    "quoted.ttl": (
        b"@prefix a: <http://a> .\n" + b"<< " * 50_000 + b"a:b a:c a:d" + b">> a:e a:f" * 50_000,
        "nested over",
    ),
    "token.ttl": (b"@prefix a: <http://a> .\na:b a:c '" + b"x" * 17_000_000 + b"' .", "over 8 MiB"),
    "comment.ttl": (b"@prefix a: <http://a> .\n#" + b"x" * 17_000_000 + b"\na:b a:c a:d .", "over 8 MiB"),
    "nested.rdf": (xml(b"<s:p><rdf:Description>" * 20_000), "nested over 256 deep"),
    "laughs.rdf": (
        xml(b"<s:p>&b;</s:p>", b'<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]>'),
        "the entity b is nested",
    ),
    "external.rdf": (
        xml(b"<s:p>&a;</s:p>", b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
        "an external entity",
    ),
    "parameter.rdf": (xml(b"", b"<!DOCTYPE x [<!ENTITY % a \"<!ENTITY b 'c'>\"> %a;]>"), "a parameter entity"),
    "elsewhere.rdf": (
        xml(b"<s:p>&a;</s:p>", b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'),
        "is declared elsewhere",
    ),
    "long.rdf": (xml(b"<s:p>&a;</s:p>", b'<!DOCTYPE x [<!ENTITY a "' + b"x" * 1_025 + b'">]>'), "over 1024 bytes"),
    "markup.rdf": (xml(b"&a;", b'<!DOCTYPE x [<!ENTITY a "<s:p>x</s:p>">]>'), "holds markup"),
    "quadratic.rdf": (
        xml((b"<s:p>" + b"&a;" * 1_000 + b"</s:p>") * 400, b'<!DOCTYPE x [<!ENTITY a "' + b"x" * 1_000 + b'">]>'),
        "",
    ),
    "attributes.rdf": (
        XML % b"" + b"<rdf:Description " + b" ".join(b's:a%d="x"' % n for n in range(50_000)) + b"/>" + END,
        "over 1000 attributes",
    ),
    "namespaces.rdf": (
        XML % b"" + b"<s:p>".join(b'<rdf:Description xmlns:a%d="http://x">' % n for n in range(1_100)),
        "",
    ),
    "tag.rdf": (xml(b'<s:p rdf:resource="http://' + b"x" * 17_000_000 + b'"/>'), "a tag or comment is over 8 MiB"),
    "prefix.ttl": (b"@prefix p: <http://e/" + LONG * 2 + b"> .\n" + b"p: p: p: .\n" * 1_000, "has over 8 KiB"),
    "base.ttl": (b"@base <http://e/" + LONG * 2 + b"/> .\n" + b"<a> <b> <c> .\n" * 1_000, "has over 8 KiB"),
    "bases.ttl": (b"@base <http://e/> ." + b"@base <a23456789/> .\n" * 900 + b"<a> <b> <c> .", "by those before"),
    "commented.ttl": (NT + b"<http://c>.@prefix # <http://d>\np: <http://" + LONG * 2 + b"> .", "has over 8 KiB"),
    "prefixes.ttl": (
        b"".join(b"@prefix p%d: <http://e/%s> .\n" % (n, LONG[:7_000]) for n in range(7_000)),
        "its prefixes have over 32 MiB",
    ),
    "names.ttl": (b"".join(b"PREFIX p%d:<u:>\n" % n for n in range(350_000)), "its prefixes have over 32 MiB"),
    "grows.ttl": (
        b"@prefix p: <http://e/" + LONG[:7_000] + b"> .\n" + b"".join(b"p:%d p: p: .\n" % n for n in range(9_000)),
        "grows to over 200 times its size",
    ),
    "vocab.jsonld": (
        b'{"@context":{"@vocab":"http://e/'
        + LONG
        + b'"},"@id":"http://a",'
        + b",".join(b'"b%d":"c"' % n for n in range(60_000))
        + b"}",
        "come to over 64 MiB",
    ),
    "base.jsonld": (
        b'{"@context":{"@vocab":"http://e/","@base":"http://e/'
        + LONG * 9
        + b'/"},"@graph":['
        + b",".join([b'{"@id":"a","b":"c"}'] * 5_000)
        + b"]}",
        "come to over 64 MiB",
    ),
    "joined.jsonld": (
        b'{"@context":{'
        + b"".join(b'"x%d":"x%d:%s/",' % (n, n + 1, LONG[:1_000]) for n in range(2_000))
        + b'"x2000":"http://e/"},"@id":"http://a"}',
        "come to over 64 MiB",
    ),
    "said.jsonld": (
        b'{"@context":{'
        + b"".join(b'"x%d":{"@prefix":true,"@id":"x%d:%s"},' % (n, n + 1, LONG[:1_000]) for n in range(1_500))
        + b'"x1500":"http://e/"},"@id":"http://a"}',
        "come to over 64 MiB",
    ),
    "namespace.rdf": (
        XML % b""
        + b'<rdf:Description rdf:about="http://a" xmlns:p="http://e/'
        + LONG * 9
        + b'">'
        + b"<p:b>x</p:b>" * 2_000
        + OF
        + END,
        "grows to over 200 times its size",
    ),
    "elements.rdf": (xml(b"".join(b"<s:p%d%s/>" % (n, LONG[:1_000]) for n in range(50_000))), "of different names"),
    "names.rdf": (xml(b"".join(b's:p%d="x"'.join((b"<s:q ", b"/>")) % n for n in range(400_000))), "different names"),
    "entities.rdf": (
        xml(b"", b"<!DOCTYPE x [" + b"".join(b'<!ENTITY a%d "x">' % n for n in range(400_000)) + b"]>"),
        "of different names",
    ),
    "ids.rdf": (
        XML % b""
        + b'<rdf:Description xml:base="http://e/'
        + LONG[:7_000]
        + b'/">'
        + b"".join(b'<s:p><rdf:Description rdf:ID="a%d"/></s:p>' % n for n in range(6_000))
        + OF
        + END,
        "of different names",
    ),
    "tags.rdf": (
        XML % b"" + (b'<rdf:Description rdf:about="http://' + LONG * 12 + b'"><s:p>') * 100,
        "tags within one another",
    ),
    "literal.rdf": (xml(b'<s:p rdf:parseType="Literal">' + b"<b>x</b>" * 600_000 + b"</s:p>"), "a literal of XML"),
}
"""Files of RDF, and what is said of them; where that is empty there are several bounds, one of which comes first."""

READ: dict[str, tuple[bytes, int, int]] = {
    "line.nt": (NT + b'"' + b"x" * 2**24 + b'" .\n' + NT + b"<http://c> .\n", 1, 1),
    "lines.nt.zst": (
        zstandard.compress(NT + b"<http://c> .\n" + (NT + b'"' + b"x" * (2**24 - 60) + b'" .\n') * 12),
        1,
        12,
    ),
    "quoted.nt": (
        NT + b"<http://c> .\n" + NT + b"<<( <http://a> <http://b> " * 50_000 + b'"x"' + b" )>>" * 50_000 + b" .\n",
        1,
        1,
    ),
    "text.rdf": (xml(b"<s:p>" + b"x" * 2**25 + b"</s:p><s:q>y</s:q>"), 1, 1),
    "cdata.rdf": (xml(b"<s:p><![CDATA[" + b"x" * 2**24 + b"]]></s:p><s:q>y</s:q>"), 1, 1),
    "names.nt": (
        NT + b"<http://c> .\n" + NT + b"<http://d> .\n"
        + b"<http://" + b"a" * 3_000_000 + b'> <http://b> "x" .\n'
        + NT + b'"x"@' + b"-".join([b"en"] * 500_000) + b" .\n"
        + NT + b'"x"^^<http://' + b"a" * 3_000_000 + b"> .\n",
        2,
        3,
    ),
    "values.ttl": (  # what describes one resource: of each statement the object alone was counted
        b"@prefix p: <" + FACE + b"> .\n<http://a> " + b";".join(b'p:k%d "v"^^p:d' % n for n in range(4_000)) + b" .",
        1,
        3_477,
    ),
    "events.ttl": (
        b"@prefix p: <" + FACE + b"> .\n<urn:tastegraph:event:K:1> "
        + b";".join(b'p:k%d "v"^^p:d' % n for n in range(4_000)) + b" .",
        0,
        4_000,
    ),
    "subjects.ttl": (
        b"@prefix p: <" + FACE + b"> .\n" + b"".join(b'p:%d p:k%d "v" .\n' % (n % 7, n) for n in range(4_000)),
        0,
        4_000,
    ),
    "predicates.ttl": (  # meanings of predicates were remembered
        b"@prefix p: <" + FACE + b"> .\n" + b"".join(b"<http://a> p:k%d <http://b> .\n" % n for n in range(8_000)),
        8_000,
        0,
    ),
    "left.ttl": (  # ... and those of statements that are left out
        b"@prefix p: <http://dbpedia.org/ontology/wikiPage" + FACE[9:] + b"> .\n"
        + b"".join(b'<http://a> p:k%d "x" .\n' % n for n in range(8_000)),
        0,
        0,
    ),
    "one.nt": (b"".join(NT + b'"%d" .\n' % n for n in range(30_000)), 1, 20_000),
}  # fmt: skip
"""Files of RDF that are read, with so many records and rejects."""


def written(folder: Path, files: dict[str, bytes]) -> list[Path]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def test_rdf_that_is_refused(tmp_path: Path) -> None:
    paths = written(tmp_path, {name: content for name, (content, _) in REFUSED.items()})
    for path, cost in zip(paths, bounded.read("triples", paths), strict=True):
        assert cost.error is not None, (path.name, cost)
        assert str(path) in cost.error, cost
        assert REFUSED[path.name][1] in cost.error, cost
        assert cost.records == 0, cost  # nothing of it is taken
        assert cost.growth < bounded.MAX_GROWTH, (path.name, cost)


def test_rdf_whose_statements_are_rejected_and_the_rest_read(tmp_path: Path) -> None:
    paths = written(tmp_path, {name: content for name, (content, _, _) in READ.items()})
    for path, cost in zip(paths, bounded.read("triples", paths), strict=True):
        assert (cost.records, cost.rejected) == READ[path.name][1:], (path.name, cost)
        assert cost.error is None, (path.name, cost)
        assert cost.growth < bounded.MAX_GROWTH, (path.name, cost)


def test_an_over_long_name_is_shown_by_its_beginning(tmp_path: Path) -> None:
    (path,) = written(tmp_path, {"long.nt": b"<http://" + b"a" * 9_000 + b'> <http://b> "x" .\n'})
    (reject,) = read_knowledge(path)
    assert isinstance(reject, Reject)
    assert reject.raw == "<http://" + "a" * 93 + '…> <http://b> "x" .'


def test_prefixes_that_are_said_again_and_again_are_held_once() -> None:
    head = b"@prefix e: <http://e/> .\n@PREFIX p: <http://e/p#> .\nprefix s: <http://s/>\n@base <http://b/> .\n"
    document = head + b'e:prefix <http://a> "prefix base" . # @prefix\n'
    for size in (1, 7, 60):
        sieve = TurtleSieve("f")
        assert b"".join(sieve.blocks(pieces(document * 50, size))) == document * 50 + b"\n"
        assert sieve._prefixes._bytes < 1_000


def packed(unit: bytes, times: int) -> bytes:
    """Many members of gzip, each holding ``unit``."""
    return gzip.compress(unit) * times


def test_files_that_unpack_to_beyond_all_measure(tmp_path: Path) -> None:
    row = b"u,i," + b"x" * 2**19 + b"\n"
    compressor = zstandard.ZstdCompressor(level=3)
    files = {
        "bomb.csv.gz": gzip.compress(b"user,item,text\n") + packed(row, 2_200),
        "bomb.csv.zst": compressor.compress(b"user,item,text\n") + compressor.compress(row * 8) * 300,
        "followed.csv.gz": gzip.compress(b"user,item,text\n") + packed(row, 2_200) + gzip.compress(b"u,i,x\n" * 1_000),
    }
    for cost in bounded.read("events", written(tmp_path, files)):
        assert cost.error is not None
        assert "unpacks to over 1 GiB and over 200 times its own size" in cost.error
        assert "trust=True" in cost.error
        assert (cost.records, cost.rejected) == (0, 0)
        assert cost.growth < bounded.MAX_GROWTH


def test_trust_lets_a_file_grow_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_UNPACKED_BYTES", 2**17)
    path = tmp_path / "events.csv.gz"
    path.write_bytes(gzip.compress(b"user,item\n" + b"u,i\n" * 100_000))
    with pytest.raises(TooMuch, match="trust=True"):
        list(read_events(path))
    assert sum(1 for _ in read_events(Trusted(path))) == 100_000
    with zipfile.ZipFile(tmp_path / "events.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("events.csv", b"user,item\n" + b"u,i\n" * 100_000)
    member = zipfile.Path(tmp_path / "events.zip", "events.csv")
    with pytest.raises(TooMuch, match="trust=True"):
        list(read_events(member))
    assert sum(1 for _ in read_events(Trusted(member))) == 100_000
    (tmp_path / "deep.jsonld.gz").write_bytes(gzip.compress(REFUSED["nested.jsonld"][0]))
    with pytest.raises(TooMuch, match="nested over"):
        list(read_knowledge(Trusted(tmp_path / "deep.jsonld.gz")))


def test_a_log_that_packs_a_hundred_to_one_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_UNPACKED_BYTES", 2**20)
    rows = b"user,item\n" + b"".join(b"customer-%09d,product-%09d\n" % (n // 900, 7 * n % 50) for n in range(100_000))
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(rows))
    assert 60 < len(rows) / path.stat().st_size < 200
    assert sum(1 for _ in read_events(path)) == 100_000


@pytest.mark.embedded
def test_the_verb_takes_trust_and_a_refused_file_leaves_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stream, "MAX_UNPACKED_BYTES", 2**20)
    Path("events.csv.gz").write_bytes(gzip.compress(b"user,item\n" + b"u\0,i\n" * 400_000))
    command = ["--store", "store", "--quiet", "ingest", "events", "events.csv.gz"]
    refused = CliRunner().invoke(app, command)
    assert (refused.exit_code, Path("store").exists()) == (1, False)
    assert "events.csv.gz: unpacks to over" in refused.stderr
    strict = CliRunner().invoke(app, [*command, "--trust", "--strict", "--dry-run"])
    assert "NUL" in strict.stderr  # it was read as far as its first row


@pytest.mark.parametrize("damage", [b"", b"\x28\xb5\x2f\xfd\x00\x58"])
def test_frames_without_content(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "rows.csv.zst"
    path.write_bytes(zstandard.compress(b"") * 30_000 + zstandard.compress(b"user,item\nu,i\n") + damage)
    records = iter(read_events(path))
    assert isinstance(next(records), Interaction)
    with pytest.raises(ReadError if damage else StopIteration):
        next(records)


def test_a_window_over_the_bound_is_refused(tmp_path: Path) -> None:
    settings = zstandard.ZstdCompressionParameters.from_level(1, window_log=30)
    packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    path = tmp_path / "rows.csv.zst"
    path.write_bytes(packer.compress(b"user,item\nu,i\n") + packer.flush())
    with pytest.raises(ReadError, match="a window of over 128 MiB"):
        list(read_events(path))


# --- Rows


def test_rows_of_too_many_values_or_bytes(tmp_path: Path) -> None:
    files = {
        "values.jsonl": b'{"user":"u","item":"i"}\n{"user":"u","item":"i","x":[' + b"[]," * 2_000_000 + b"1]}\n",
        "literal.jsonl": b'{"user":"u","item":"i"}\n{"x":' + b"'a' " * 1_000_000 + b"}\n",
        "compared.jsonl": b'{"user":"u","item":"i"}\n' + b"{'x':a" + b"<a" * 500_000 + b"}\n",
        "added.jsonl": b'{"user":"u","item":"i"}\n' + b"{'x':1" + b"+1" * 500_000 + b"}\n",
        "deep.jsonl": b'{"user":"u","item":"i"}\n{"x":' + b"[" * 1_000_000 + b"\n",
        "long.jsonl": b'{"user":"u","item":"i"}\n{"x":"' + b"x" * 2**25 + b'"}\n',
        "values.csv": b"user,item\nu,i\n" + b"," * 4_000_000 + b"\n",
        "fields.csv": b'user,item\nu,i\n"a"' + b',"x\ny"' * 200_000 + b"\n",
        "numbers.jsonl": b'{"user":"u","item":"i"}\n{"user":"u","item":"i","value":1e999999999}\n',
        "digits.jsonl": b'{"user":"u","item":"i"}\n{"user":"u","item":"i","value":' + b"1" * 1_000_000 + b"}\n",
    }
    paths = written(tmp_path, files)
    for path, cost in zip(paths, bounded.read("events", paths), strict=True):
        assert cost.error is None, (path.name, cost)
        assert cost.records >= 1, (path.name, cost)
        assert cost.rejected >= 1, (path.name, cost)
        assert cost.growth < bounded.MAX_GROWTH, (path.name, cost)
    (tmp_path / "lists.txt").write_bytes(b"1 2\n" + b"1 " * 7_000_000 + b"\n3 4\n")
    (cost,) = bounded.read("lists", [tmp_path / "lists.txt"])
    assert (cost.records, cost.rejected, cost.reason) == (2, 1, "the row has over 100000 values")
    assert cost.growth < bounded.MAX_GROWTH


def test_commas_in_texts_are_no_values(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"user": "u", "item": "i", "text": "a, " * 150_000, "x": '"\\' * 9}) + "\n")
    (event,) = read_events(path)
    assert isinstance(event, Interaction)


def test_a_text_without_end_is_counted_in_linear_time() -> None:
    line = b'{"a":"' + rb"\"" * 20_000 + b"," * 200_000
    before = time.process_time()
    assert parse_object(line).startswith("is not valid JSON")  # type: ignore[union-attr]
    assert time.process_time() - before < 2


@pytest.mark.parametrize("header", [b",".join(b"c%d" % n for n in range(100_000)), b"user,item," + b"x" * 2**21])
def test_headers_beyond_all_measure(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(header + b"\nu,i\n")
    with pytest.raises(TooMuch, match="over 1 MiB or 10000 columns"):
        list(read_events(path))


def test_the_columns_of_a_wide_table_are_found_in_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    names = ["item_id", *(f"c{n}" for n in range(9_000))]
    path.write_text(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    before = time.process_time()
    (item,) = read_items(path)
    assert isinstance(item, ItemRecord)
    assert len(item.properties) == 9_000
    assert time.process_time() - before < 5


def test_quotes_that_are_never_closed_take_linear_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line alone leaves a quote open, and keeps one open that was: read again and again, the file never ends."""
    from kg.readers import delimited

    monkeypatch.setattr(delimited, "_READ_AGAIN_BYTES", 2**16)
    path = tmp_path / "rows.csv"
    bad = 20_000
    path.write_bytes(b"user,item\n" + b'a","c\n' * bad + b"u,i\n")
    made = 0
    parser = csv.reader

    def counting(lines: Iterable[str], **options: Any) -> Any:
        def counted() -> Iterable[str]:
            nonlocal made
            for line in lines:
                made += 1
                yield line

        return parser(counted(), **options)

    monkeypatch.setattr(csv, "reader", counting)
    found = list(read_events(path))
    assert made < 10 * bad
    assert isinstance(found[-1], Interaction)
    assert sum(isinstance(one, Reject) for one in found) == bad


def test_lists_in_cells_are_bounded() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    for value, reason in (
        (deep, "nested over"),
        ("|".join(f"v{n}" for n in range(20_000)), "over 10000 values"),
        (">".join(f"v{n}" for n in range(20_000)), "over 10000 values"),
        ("a|" * 200_000, "no list of values"),
        (np.zeros(100_001), "over 100000 values"),
        ([1] * 100_001, "over 100000 values"),
    ):
        with pytest.raises(RecordError, match=reason):
            list(cells.attributes(value, AttributeColumn("category")))
    looped: list[Any] = []
    looped.append(looped)
    with pytest.raises(RecordError, match="nested"):
        cells.scalar(looped, "x")


# --- Texts and numbers


ADVERSARIAL = {
    "marks": "\u0316\u0300",
    "one mark": "\u0308",
    "a mark of two": "\u0344",
    "joined": "\U0001f469\u200d",
    "less": "<",
    "tags": "<a",
    "attributes": '<a b="',
    "comments": "<!--",
    "scripts": "<script",
    "styles": "<style></style",
    "entities": "&amp;",
    "escaped": "&lt;",
    "hangul": "\u1100\u1161\u11a8",
    "blanks": " \n",
    "NUL": "\0",
}


def seconds(call: Callable[[str], Any], text: str) -> float:
    def once() -> float:
        before = time.process_time()
        with contextlib.suppress(RecordError):
            call(text)
        return time.process_time() - before

    return min(once() for _ in range(3))


@pytest.mark.parametrize("unit", ADVERSARIAL.values(), ids=ADVERSARIAL)
def test_texts_are_cleaned_in_linear_time(unit: str) -> None:
    short = 20_000 // len(unit)
    assert seconds(lambda text: clean_text(text, "text"), unit * (8 * short)) < 24 * max(
        seconds(lambda text: clean_text(text, "text"), unit * short), 0.001
    )


def test_marks_are_kept_in_their_order() -> None:
    text = "a" + "\u0308\u0316" * 50_000
    cleaned = clean_text(text, "text")
    assert cleaned is not None
    assert cleaned.replace("\u034f", "").count("\u0316") == 50_000
    assert clean_text(cleaned, "text") == cleaned
    assert clean_text("e\u0301" * 40, "text") == "é" * 40  # as words are written, nothing is put between


@pytest.mark.parametrize(
    "unit", ["1", ",111", ".111", " 111", ",1", "1.", "1_", "-", "+", "1e9", "\u0661"], ids=lambda unit: repr(unit)
)
def test_numbers_prices_and_times_take_linear_time(unit: str) -> None:
    for call in (price, lambda text: number(text, "n"), lambda text: timestamp(text, "t")):
        for start, end in (("", ""), ("1", ",5"), ("$", "x")):
            text = f"{start}{unit * 200_000}{end}"
            assert seconds(call, text) < 0.2, (start, end)


def test_what_is_no_kind_is_said_in_short() -> None:
    with pytest.raises(RecordError) as error:
        clean_kind("x" * 10_000_000)
    assert len(str(error.value)) < 200


# --- Sieves


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.lists(st.sampled_from([b'"', b"'", b'"""', b"<", b"<<", b">>", b"[", b"]", b"#", b"\\", b"\n", b"a", b" "])),
       st.integers(1, 9))  # fmt: skip
def test_turtle_passes_unchanged(tokens: list[bytes], size: int) -> None:
    data = b"".join(tokens)
    assert b"".join(TurtleSieve("f").blocks(pieces(data, size))) == data + b"\n"


def quads(data: bytes, format: ox.RdfFormat) -> set[str]:
    return {str(quad.triple) for quad in ox.parse(data, format=format)}


VALUES = st.recursive(
    st.sampled_from(["x", 'q"\\', "@graph", "@context", "ü", 1, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=8,
)
NODES = st.builds(lambda n, said: {"@id": f"http://n/{n}", **said}, st.integers(0, 9),
                  st.dictionaries(st.sampled_from(["a", "b"]), st.text("ab {}[],\"\\", max_size=6)))  # fmt: skip


@given(st.lists(NODES, max_size=6), st.booleans(), st.integers(1, 40), st.integers(0, 60))
def test_json_ld_says_the_same_when_it_is_dealt_out(nodes: list[Any], listed: bool, size: int, part: int) -> None:
    from kg.rdf import sieve

    terms = {"@vocab": "http://v/"}
    document = [{"@context": terms, **node} for node in nodes] if listed else {"@context": terms, "@graph": nodes}
    data = json.dumps(document, indent=1).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sieve, "_PART_BYTES", part)
        passed = b"".join(JsonSieve("f").blocks(pieces(data, size)))
    assert quads(passed, ox.RdfFormat.JSON_LD) == quads(data, ox.RdfFormat.JSON_LD)


def test_a_graph_of_json_ld_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "graph.jsonld"
    nodes = b",\n".join(b'{"@id":"http://a%d","b":{"@id":"_:x%d"}}' % (n, n // 2) for n in range(60_000))
    path.write_bytes(TERMS + b'"@graph":[' + nodes + b"]}")
    (cost,) = bounded.read("triples", [path])
    assert (cost.records, cost.rejected, cost.error) == (60_000, 0, None)
    assert cost.growth < 100 * 2**20


def test_plain_xml_says_the_same() -> None:
    doctype = b'<!DOCTYPE rdf:RDF [<!ENTITY v "http://v/"><!ENTITY t "a &#233; b">]>'
    content = (
        b'<s:p xml:lang="de">x<!-- c --> &amp;<![CDATA[<y>]]> &t;</s:p><s:q rdf:resource="&v;z"/>'
        b'<s:r rdf:parseType="Collection"><rdf:Description rdf:about="&v;1"/></s:r><?pi x?>'
        b"<s:w rdf:datatype=\"http://d\" >1\n2</s:w><s:l rdf:parseType='Literal'><b c='\"'>d</b></s:l>"
    )
    plain = (
        b'<s:p xml:lang="de">x &amp;&lt;y&gt; a \xc3\xa9 b</s:p><s:q rdf:resource="http://v/z"/>'
        b'<s:r rdf:parseType="Collection"><rdf:Description rdf:about="http://v/1"/></s:r>'
        b'<s:w rdf:datatype="http://d">1\n2</s:w><s:l rdf:parseType="Literal"><b c="&quot;">d</b></s:l>'
    )
    data = xml(content, doctype)
    wanted = {line for line in quads(xml(plain), ox.RdfFormat.RDF_XML) if "_:" not in line}
    assert len(wanted) == 4
    for size in (1, 7, 10_000):
        passed = b"".join(PlainXml("f").blocks(pieces(data, size)))
        assert b"DOCTYPE" not in passed
        assert {line for line in quads(passed, ox.RdfFormat.RDF_XML) if "_:" not in line} == wanted


def test_xml_in_another_encoding_is_read(tmp_path: Path) -> None:
    path = tmp_path / "latin.rdf"
    path.write_bytes(xml("<s:p>é</s:p>".encode("latin-1")).replace(b'"1.0"?', b'"1.0" encoding="ISO-8859-1"?'))
    (fact,) = RdfFile(path).facts()
    assert not isinstance(fact, Reject)
    assert fact.object == "é"


@pytest.mark.parametrize("encoding", ["shift_jis", "gb2312", "foo", "hex"])
def test_xml_in_an_encoding_that_nobody_reads_is_an_error_of_ours(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.rdf"
    path.write_bytes(xml(b"<s:p>x</s:p>").replace(b'"1.0"?', f'"1.0" encoding="{encoding}"?'.encode()))
    with pytest.raises(ReadError, match="save it as UTF-8"):
        list(RdfFile(path).facts())


def nested_contexts(levels: int, terms: int) -> bytes:
    """Objects in one another, each with terms of its own."""
    opened = [
        json.dumps({"e": "http://e/", "n": "http://e/n"} | {f"t{level}x{n}": "e:a" for n in range(terms)})
        for level in range(levels)
    ]
    return "".join(f'{{"@context":{context},"n":' for context in opened).encode() + b'"x"' + b"}" * levels


def test_contexts_within_one_another_are_bounded_together(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonld"
    path.write_bytes(nested_contexts(60, 100))
    with pytest.raises(ReadError, match="contexts are in one another, of"):
        list(RdfFile(path).facts())
    path.write_bytes(nested_contexts(2, 1_000))
    list(RdfFile(path).facts())
    path.write_bytes(b"[" + b",".join([nested_contexts(1, 100)] * 100) + b"]")
    list(RdfFile(path).facts())


def test_an_outermost_list_of_json_ld_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonld"
    item = b'{"@id":"http://e/0","http://e/p":[{"@value":"' + b"x" * 2_000 + b'"}]}'
    path.write_bytes(b"[" + b",".join([item] * 2_000) + b"]")
    sieve = JsonSieve("a")
    with path.open("rb") as file:
        for _ in sieve.blocks(iter(lambda: file.read(1 << 16), b"")):
            assert not sieve._head


def test_nothing_is_fetched_for_a_context(tmp_path: Path) -> None:
    path = tmp_path / "remote.jsonld"
    path.write_bytes(b'{"@context": "http://127.0.0.1:9/terms", "@id": "http://a", "b": "c"}')
    with pytest.raises(ReadError, match="not fetched"):
        list(read_knowledge(path))


# --- Parquet


def table(**columns: Any) -> pa.Table:
    return pa.table({"user": ["u1", "u2", "u3"], "item": ["i1", "i2", "i3"], **columns})


def test_names_of_columns_and_texts_of_parquet_that_are_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(table(text=["abc", "ZZZZZZ", "d"]), path, use_dictionary=False, compression="none")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"ZZZZZZ", b"\xff\xfe\xfdabc"))
    first, reject, last = read_events(path)
    assert isinstance(first, Interaction)
    assert isinstance(last, Interaction)
    assert isinstance(reject, Reject)
    assert (reject.line, reject.field, first.text, last.text) == (2, "text", "abc", "d")
    path.write_bytes(whole.replace(b"text", b"\xff\xfe\xfdx"))
    with pytest.raises(ReadError, match="the name of a column is not UTF-8"):
        list(read_events(path))


def test_parquet_beyond_all_measure(tmp_path: Path) -> None:
    def file(name: str, content: pa.Table, **options: Any) -> Path:
        pq.write_table(content, tmp_path / name, **options)
        return tmp_path / name

    text = "x" * 2**20
    once = pa.DictionaryArray.from_arrays(pa.array([0] * 6_000), [text])
    page = file("page.parquet", table(text=["x" * 2**25] * 3), use_dictionary=False, data_page_size=2**30)
    wide = file("wide.parquet", pa.table({f"c{n}": [1] for n in range(12_000)}))
    same = file("same.parquet", pa.table({"user": ["u"] * 6_000, "item": ["i"] * 6_000, "text": once}))
    lists = file(
        "lists.parquet", pa.table({"user": ["u", "v"], "item": ["i", "j"], "tags": [["a"] * 2_000_000, ["b"]]})
    )
    costs = bounded.read("events", [page, wide, same, lists])
    reasons = ["a page of text has over 64 MiB", "has over 10000 columns", "unpacks to over 1 GiB"]
    for cost, reason in zip(costs, reasons, strict=False):
        assert cost.error is not None
        assert reason in cost.error
    assert costs[3].records == 2
    assert max(cost.growth for cost in costs) < bounded.MAX_GROWTH
    long, short = read_items(lists, ItemMapping("item", attributes=(AttributeColumn("tags"),)))
    assert isinstance(long, Reject)
    assert long.reason == "the row has over 100000 values"
    assert isinstance(short, ItemRecord)


def lists_of_every_kind(members: pa.Array, size: int) -> dict[str, pa.Array]:
    """One list of ``size`` members, in every way that Arrow has to write it."""
    bounds = pa.array([0, size], pa.int32())
    plain = pa.ListArray.from_arrays(bounds, members)
    return {
        "list": plain,
        "large": pa.LargeListArray.from_arrays(pa.array([0, size]), members),
        "fixed": pa.FixedSizeListArray.from_arrays(members, size),
        "view": pa.ListViewArray.from_arrays(pa.array([0], pa.int32()), pa.array([size], pa.int32()), members),
        "large view": pa.LargeListViewArray.from_arrays(pa.array([0]), pa.array([size]), members),
        "map": pa.MapArray.from_arrays(bounds, pa.array(range(size)), members),
        "in a struct": pa.StructArray.from_arrays([plain], ["a"]),
        "in a list": pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), plain),
        "dictionary": pa.DictionaryArray.from_arrays(pa.array([0]), plain),
        "runs": pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int32()), plain),
        "sparse": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [plain]),
        "dense": pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [plain]),
    }


def test_lists_of_every_kind_are_bounded() -> None:
    size = 100_001
    for name, lists in lists_of_every_kind(pa.array([n % 7 for n in range(size)]), size).items():
        (found,) = read_events(pa.table({"user": ["u"], "item": ["i"], "text": lists}))
        assert isinstance(found, Reject)
        assert found.reason == "the row has over 100000 values", name
    structs = pa.StructArray.from_arrays([pa.nulls(2_000, pa.int8())] * 60, [f"f{n}" for n in range(60)])
    for name, lists in lists_of_every_kind(structs, 2_000).items():
        (found,) = read_events(pa.table({"user": ["u"], "item": ["i"], "text": lists}))
        assert isinstance(found, Reject)
        assert found.reason == "the row has over 100000 values", name


def test_texts_that_a_list_repeats_are_bounded() -> None:
    """A text of 8 KB stands 2,200 times in a list, by a dictionary: 18 MB from nothing."""
    size = 2_200
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * size), ["z" * 8_000])
    for name, lists in lists_of_every_kind(repeated, size).items():
        (found,) = read_events(pa.table({"user": ["u"], "item": ["i"], "text": lists}))
        assert isinstance(found, Reject)
        assert (found.field, found.reason[:44]) == ("text", "the texts of the row have over 16 MiB; short"), name
    short = pa.ListArray.from_arrays(pa.array([0, 3], pa.int32()), repeated[:3])
    (found,) = read_items(pa.table({"id": ["i"], "tags": short}), ItemMapping("id", properties=("tags",)))
    assert isinstance(found, ItemRecord)


def test_pages_of_every_kind_are_walked(tmp_path: Path) -> None:
    rows = pa.table(
        {
            "user": [f"u{n % 100}" for n in range(30_000)],
            "item": [f"i{n % 700}" for n in range(30_000)],
            "rating": [float(n % 5) if n % 3 else None for n in range(30_000)],
        }
    )
    wanted = [(event.user_id, event.value) for event in read_events(rows) if isinstance(event, Interaction)]
    encodings = {"user": "DELTA_BYTE_ARRAY", "item": "DELTA_LENGTH_BYTE_ARRAY", "rating": "BYTE_STREAM_SPLIT"}
    for options in (
        {},
        {"data_page_version": "2.0", "compression": "zstd"},
        {"use_dictionary": False, "column_encoding": encodings},
        {"data_page_size": 1_000, "row_group_size": 7_000, "write_page_index": True},
    ):
        path = tmp_path / "rows.parquet"
        pq.write_table(rows, path, **options)
        found = [(event.user_id, event.value) for event in read_events(path) if isinstance(event, Interaction)]
        assert found == wanted, options


def test_lists_are_measured_by_their_pages(tmp_path: Path) -> None:
    """Beside what Arrow says of the same lists: of numbers, in lists and structs, empty and null ones among them."""
    draw = random.Random(0)
    lists = [draw.choice([None, [], [1], [2] * draw.randrange(1, 90)]) for _ in range(4_000)]
    deeper = [None if one is None else [[{"a": value, "b": "t"} for value in one]] * draw.randrange(3) for one in lists]
    path = tmp_path / "rows.parquet"
    for options in (
        {},
        {"data_page_version": "2.0", "compression": "zstd"},
        {"data_page_size": 1_000, "use_dictionary": False, "compression": "gzip"},
        {"data_page_size": 1_000, "compression": "lz4"},
    ):
        for content, depth, each in ((lists, 1, 12), (deeper, 2, 12)):
            pq.write_table(pa.table({"x": pa.array(content)}), path, **options)
            column = pq.ParquetFile(path).metadata.row_group(0).column(0)
            with path.open("rb") as file:
                rows = pages._row_bytes(file, column, (depth, 0), "x")
            if depth == 1:
                wanted = [max(1, len(one or ())) for one in content]
            else:
                wanted = [max(1, sum(max(1, len(inner)) for inner in one or ())) for one in content]
            assert (rows / each).tolist() == wanted, options


def test_lists_that_grow_beyond_memory_are_refused(tmp_path: Path) -> None:
    size = 99_000
    files = {
        "dictionary": (["z" * 8_000] * size, {"compression": "zstd"}),
        "prefix": (
            ["z" * 8_000] * size,
            {"use_dictionary": False, "column_encoding": {"text.list.element": "DELTA_BYTE_ARRAY"}},
        ),
        "numbers": (np.zeros(15_000_000, np.int64), {}),
    }
    paths = []
    for name, (members, options) in files.items():
        held = pa.ListArray.from_arrays(pa.array([0, len(members)], pa.int32()), pa.array(members))
        paths.append(tmp_path / f"{name}.parquet")
        pq.write_table(pa.table({"user": ["u"], "item": ["i"], "text": held}), paths[-1], **options)
    structs = pa.StructArray.from_arrays([pa.array([1] * 90_000)] * 60, [f"f{n}" for n in range(60)])
    held = pa.ListArray.from_arrays(pa.array([0, 90_000], pa.int32()), structs)
    paths.append(tmp_path / "structs.parquet")
    pq.write_table(pa.table({"user": ["u"], "item": ["i"], "text": held}), paths[-1])
    costs = bounded.read("events", paths)
    for cost in costs[:3]:
        assert cost.error is not None
        assert "the lists of a row have over 40 MiB with text.list.element" in cost.error
    assert costs[3].reason == "the row has over 100000 values"
    assert max(cost.growth for cost in costs) < bounded.MAX_GROWTH


def test_long_lists_of_many_rows_are_read(tmp_path: Path) -> None:
    """A dictionary that would burst memory if each value were its longest text is no reason to refuse a file."""
    path = tmp_path / "rows.parquet"
    lists = [["long " * 4_000] if n == 7 else [f"tag {n % 5}", "b"] * 3 for n in range(20_000)]
    pq.write_table(pa.table({"id": [f"i{n}" for n in range(20_000)], "tags": lists}), path)
    items = list(read_items(path, ItemMapping("id", attributes=(AttributeColumn("tags"),))))
    assert [item.id for item in items if isinstance(item, ItemRecord) and item.notes] == ["i7"]
    assert sum(isinstance(item, ItemRecord) and bool(item.attributes) for item in items) == 19_999


def test_lists_of_texts_that_begin_alike_are_read(tmp_path: Path) -> None:
    """A page of them says how long each is: it counted as one text of its size before, forty of which were refused."""
    path = tmp_path / "rows.parquet"
    lists = [[f"a common beginning {n} {m}" for m in range(50)] for n in range(2_000)]
    for options in (
        {"data_page_version": "2.0", "compression": "zstd"},
        {"compression": "gzip"},
        {"compression": "none"},
    ):
        pq.write_table(
            pa.table({"id": [f"i{n}" for n in range(2_000)], "tags": lists}),
            path,
            use_dictionary=False,
            column_encoding={"id": "PLAIN", "tags.list.element": "DELTA_BYTE_ARRAY"},
            **options,
        )
        items = list(read_items(path, ItemMapping("id", attributes=(AttributeColumn("tags"),))))
        assert sum(isinstance(item, ItemRecord) for item in items) == 2_000


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_the_longest_of_texts_that_are_not_written_out(tmp_path: Path, version: str) -> None:
    path = tmp_path / "rows.parquet"
    draw = random.Random(3)
    texts = [None if n % 5 == 0 else "same" * draw.randrange(9) + "x" * (n % 300) for n in range(10_000)]
    longest = max(len(text) for text in texts if text is not None)
    for kind, wanted in ((pa.string(), longest), (pa.binary(8), 8)):
        own = [text and (text if wanted != 8 else f"{text:8}"[:8].encode()) for text in texts]
        held = pa.array(
            ["" if text == "" else text for text in own] if wanted != 8 else [text or None for text in own], kind
        )
        for options in ({}, {"use_dictionary": False, "column_encoding": {"x": "DELTA_BYTE_ARRAY"}}):
            pq.write_table(pa.table({"x": held}), path, data_page_version=version, compression="zstd", **options)
            parquet = pq.ParquetFile(path)
            with path.open("rb") as file:
                chunk = pages._walked(file, parquet.metadata.row_group(0).column(0), (0, 1), "x")
            assert chunk.value == wanted + 4, (kind, options)


def test_a_large_dictionary_is_looked_at_once(tmp_path: Path) -> None:
    """Batches were as small as if each text were the whole dictionary, and each looked at all of it: a minute."""
    size = 100_000
    ids = pa.array([f"user-{n % 40_000:014d}" for n in range(size)])
    for name, users in {"plain": ids, "dictionary": ids.dictionary_encode()}.items():
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({"user": users, "item": users}), path, dictionary_pagesize_limit=2**22)
        parquet = pq.ParquetFile(path)
        with path.open("rb") as file:
            rows = pages.rows_at_once(file, parquet.metadata.row_group(0), parquet.schema, [0, 1], "x")
        assert rows == 16_384
    looked = []

    def counting(column: pa.Array) -> Any:
        looked.append(len(column))
        return sizes(column)

    sizes = columnar._member_sizes
    narrow = pa.RecordBatch.from_pydict({"user": ids.dictionary_encode()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columnar, "_member_sizes", counting)
        for start in range(0, 1_000, 2):
            list(columnar._bounded_rows("x", narrow.slice(start, 2), ["user"], 0))
    assert sum(looked) < 5_000


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_time_beyond_a_day_is_not_one_of_the_next(unit: str, tmp_path: Path) -> None:
    second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    kind = pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
    times = pa.array([0, 86_399 * second, 86_400 * second, -1, None], kind)
    each = pa.array(range(6), pa.int32())
    shapes = {
        "plain": times,
        "list": pa.ListArray.from_arrays(each, times),
        "struct": pa.StructArray.from_arrays([times], ["a"]),
        "map": pa.MapArray.from_arrays(each, pa.array(list("vwxyz")), times),
        "structs": pa.ListArray.from_arrays(each, pa.StructArray.from_arrays([times], ["a"])),
    }
    for name, held in shapes.items():
        rows = pa.table({"id": list("abcde"), "opens": held})
        pq.write_table(rows, path := tmp_path / "rows.parquet")
        for source in (rows, path, rows.to_pandas(types_mapper=pd.ArrowDtype)):
            found = list(read_items(source, ItemMapping("id", properties=("opens",))))
            assert [one.line if isinstance(one, Reject) else one.id for one in found] == ["a", "b", 3, 4, "e"], name
            assert isinstance(found[2], Reject)
            assert "of no day" in found[2].reason


def test_a_page_that_is_none_is_damage(tmp_path: Path) -> None:
    file = io.BytesIO()
    pq.write_table(table(), file, compression="none")
    path = tmp_path / "rows.parquet"
    path.write_bytes(file.getvalue()[:4] + b"\xff" * 40 + file.getvalue()[44:])
    with pytest.raises(ReadError, match="damaged"):
        list(read_events(path))


def test_members_of_lists_are_read_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "lists.txt"
    path.write_bytes(b"1 2 3\n4 " + b"x" * 2**25 + b"\n5 6\n")
    found = list(read_lists(path))
    assert [one.line if isinstance(one, Reject) else one.item_id for one in found] == ["2", "3", 2, "6"]
