"""How computations run in tests: on the processor, silent, with one thread, as one test runs on each core."""

import os

from recommender.context import RunContext

RUN = RunContext(device="cpu", threads=1, progress=False)

PATIENCE = float(os.environ.get("TASTEGRAPH_TEST_PATIENCE", "4"))
"""By what bounds of time in tests are multiplied, on a machine that does much else."""
