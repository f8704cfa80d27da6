"""How computations run in tests: on the processor, silent, with one thread, as one test runs on each core."""

from recommender.context import RunContext

RUN = RunContext(device="cpu", threads=1, progress=False)
