"""What may be taken: amounts as people write them, and what the system and its control groups leave, from files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from recommender.context import RunContext
from recommender.errors import InvalidInput
from recommender.memory import SHARE, Memory, free, resident

GIB = 2**30


def system(root: Path, available: float, groups: str = "", **files: dict[str, object]) -> Path:
    """A root folder with so many GiB available, this ``/proc/self/cgroup``, and files of groups by their folder."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable: {int(available * 2**20)} kB\n")
    (root / "proc/self/cgroup").write_text(groups)
    for folder, contents in files.items():
        target = root / "sys/fs/cgroup" / folder.replace("__", "/").strip("/")
        target.mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            (target / name.replace("__", ".")).write_text(f"{text}\n")
    return root


def test_without_a_group_it_is_what_the_system_has(tmp_path: Path) -> None:
    assert free(system(tmp_path, 5)) == 5 * GIB


def test_a_limit_of_version_2_leaves_what_is_not_used_but_for_the_cache(tmp_path: Path) -> None:
    """Own group without a limit, that around it with 4 GiB: 3 in use, one of them files that would be given up."""
    root = system(
        tmp_path,
        16,
        "0::/pod/box\n",
        pod__box={"memory__max": "max", "memory__current": 2 * GIB},
        pod={"memory__max": 4 * GIB, "memory__current": 3 * GIB, "memory__stat": f"anon 5\ninactive_file {GIB}"},
    )
    assert free(root) == 2 * GIB


def test_in_a_container_the_path_of_the_host_is_not_there(tmp_path: Path) -> None:
    limits = {"memory__limit_in_bytes": 2 * GIB, "memory__usage_in_bytes": GIB // 2}
    assert free(system(tmp_path, 16, "5:cpu:/docker/x\n4:memory:/docker/x\n", memory=limits)) == 1.5 * GIB


def test_a_limit_of_version_1_that_is_none(tmp_path: Path) -> None:
    limits = {"memory__limit_in_bytes": 2**63 - 4096, "memory__usage_in_bytes": 8 * GIB}
    assert free(system(tmp_path, 3, "4:memory:/\n", memory=limits)) == 3 * GIB


def test_a_full_group_leaves_nothing(tmp_path: Path) -> None:
    root = system(tmp_path, 16, "0::/\n", **{"": {"memory__max": GIB, "memory__current": 2 * GIB}})
    assert free(root) == 0


def test_where_the_system_says_nothing_it_is_half_of_what_there_is(tmp_path: Path) -> None:
    assert free(tmp_path) == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    assert resident(tmp_path) == 0


@pytest.mark.parametrize(
    ("given", "limit"),
    [("8GiB", 8 * GIB), ("1.5 gib", 1.5 * GIB), ("500MB", 5e8), ("2G", 2e9), ("1000000", 1e6), (3 * GIB, 3 * GIB)],
)
def test_bytes_as_people_write_them(given: str | int, limit: float) -> None:
    assert Memory.of(given).limit == limit


@pytest.mark.parametrize("given", ["25%", "0.25", 0.25])
def test_a_share_is_one_of_what_is_free(given: str | float) -> None:
    assert Memory.of(given).limit == pytest.approx(free() / 4, rel=0.3)
    assert Memory().limit == pytest.approx(SHARE * free(), rel=0.3)


@pytest.mark.parametrize(
    "given", ["", "lots", "8 GiBs", "-1", "0", "0%", "120%", "nan", "inf", True, float("nan"), -2, []]
)
def test_what_is_no_amount_is_refused(given: object) -> None:
    with pytest.raises(InvalidInput, match=r"memory = .*such as 8GiB"):
        RunContext(device="cpu", memory=given)  # type: ignore[arg-type]


def test_what_was_taken_since_is_not_left() -> None:
    memory = Memory.of("200MB")
    assert memory.left() == pytest.approx(2e8, abs=3e7)
    block = np.ones(100_000_000 // 8)
    assert memory.left() == pytest.approx(1e8, abs=3e7)
    assert len(block)
    assert Memory(10**12, held=2**50).left() <= free() + 2**28, "no more than there is"
