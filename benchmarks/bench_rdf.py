"""Reading RDF beside rdflib: ``python -m benchmarks.bench_rdf [TRIPLES]``, a million by default, and peak memory.

Made-up N-Triples: for every ten, one title of an item, one name of an entity, one year, and seven relations between as
many nodes as there are tenths of triples, in random order. Each reader runs in a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

LABEL, YEAR = "http://www.w3.org/2000/01/rdf-schema#label", "http://e/ontology/year"


def line(number: int, nodes: int, draw: Random) -> str:
    """One statement."""
    item, entity = f"<urn:tastegraph:item:{draw.randrange(nodes)}>", f"<http://e/resource/{draw.randrange(nodes)}>"
    match number % 10:
        case 0:
            return f'{item} <{LABEL}> "the title of number {number}"@en .\n'
        case 1:
            return f'{entity} <{LABEL}> "the name of number {number}"@en .\n'
        case 2:
            return f'{item} <{YEAR}> "{1900 + number % 120}"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
        case kind:
            return f"{item if kind < 7 else entity} <http://e/ontology/relation{kind}> {entity} .\n"


def write(path: Path, count: int) -> None:
    """A file of ``count`` statements."""
    draw = Random(7)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(line(number, count // 10, draw) for number in range(count))


def ours(path: Path) -> int:
    """Records, one after the other, as an ingest takes them."""
    from kg.rdf.read import read_rdf

    return sum(1 for _ in read_rdf(path))


def parsed(path: Path) -> int:
    """Statements alone, no record made of them."""
    from kg.rdf.files import RdfFile

    return sum(1 for _ in RdfFile(path).facts())


def rdflib(path: Path) -> int:
    """A graph in memory, which is the only way that rdflib has."""
    from rdflib import Graph

    return len(Graph().parse(path, format="nt"))


READERS = {"statements alone": parsed, "records": ours, "rdflib": rdflib}


def measure(name: str, path: Path, count: int) -> None:
    """Run one reader here, and print what it took."""
    read = READERS[name]
    wall, processor = time.perf_counter(), time.process_time()
    given = read(path)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rates = f"{count / wall:>10,.0f} /s   {count / processor:>10,.0f} /s of processor"
    print(f"{name:<20} {given:>9,} given   {rates}   {wall:6.1f} s   {peak:7.0f} MiB at most")


def main(count: int) -> None:
    """All readers on one file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "triples.nt"
        write(path, count)
        print(f"{count:,} statements, {path.stat().st_size / 2**20:.0f} MiB")
        for name in READERS:
            subprocess.run([sys.executable, "-m", "benchmarks.bench_rdf", name, str(path), str(count)], check=True)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
