# `make help` lists the targets. Everything lives in .venv and .cache; nothing outside this folder is changed.

# Seen only where .venv is made: the newest of these that runs, can make environments, and is supported.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo "$$python" && break; done)

BIN := .venv/bin
STAMP := .venv/set-up
UV_PIP := $(BIN)/uv pip
COMPILE := $(UV_PIP) compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadfile
PACKAGES := kg text gnn recommender

export UV_HTTP_TIMEOUT ?= 300
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help setup demo test soak check format bench bench-graph bench-rolling bench-quality test-gpu bench-gpu lock wheel clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## Make .venv with all that is pinned in requirements/ (once; over 5 GB with torch's CUDA libraries)

$(STAMP): pyproject.toml requirements/lock.txt requirements/uv.txt
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11, 3.12 or 3.13 with its venv module was found;" \
		"install one (Debian: python3-venv), or name it: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python" >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(UV_PIP) sync --python $(BIN)/python --require-hashes requirements/lock.txt requirements/uv.txt
	$(UV_PIP) install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## The main job on real data: MovieLens 100k into a graph, recommendations with reasons, feedback
	$(BIN)/python scripts/demo.py

test: export OMP_NUM_THREADS = 1 # each of the processes would take all cores otherwise
test: $(STAMP) ## All tests, and the examples in docstrings
	$(PYTEST) --doctest-modules tests $(PACKAGES)

soak: export OMP_NUM_THREADS = 1
soak: export TASTEGRAPH_SOAK_ROUNDS = 10
soak: $(STAMP) ## The tests of faults (kills, pauses, lost answers, deadlocks, many writers), ten times (over two hours)
	$(PYTEST) -m faults tests

check: $(STAMP) ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(STAMP) ## Put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## Measure speed and quality; docs/benchmarks.md holds the figures
	$(BIN)/python -m benchmarks

bench-graph: $(STAMP) ## Load and export on both engines: a table, and .cache/bench-graph.json (1M events; ten minutes)
	$(BIN)/python -m benchmarks.bench_graph --json .cache/bench-graph.json

bench-rolling: $(STAMP) ## The hybrid beside the best simple model at five points in time, by four budgets (five hours; goes on where it stopped)
	$(BIN)/python -m benchmarks.bench_rolling

bench-quality: $(STAMP) ## Quality alone: MovieLens in six splits, Last.FM and Book-Crossing with their graphs (an hour)
	$(BIN)/python -m benchmarks.bench_quality --seeds 0,1,2,3,4

# No set-up: a machine with a GPU may have no package index. PYTHON=python3 names its own Python, with torch.
GPU_PYTHON = $(if $(filter file,$(origin PYTHON)),$(or $(wildcard $(BIN)/python),python3),$(PYTHON))

test-gpu: ## Every solver on a GPU beside the processor; without set-up, PYTHON=python3 (two minutes; 0 checks without a GPU)
	$(GPU_PYTHON) -m benchmarks.gpu check

bench-gpu: ## Seconds and memory on a GPU at 1M and 10M events: a table, and .cache/bench-gpu.json; without set-up
	$(GPU_PYTHON) -m benchmarks.gpu bench --json .cache/bench-gpu.json

lock: $(STAMP) ## Pin the newest allowed dependencies again, with hashes and without any host's name
	$(COMPILE) --upgrade --all-extras --output-file requirements/lock.txt pyproject.toml
	$(COMPILE) --upgrade --output-file requirements/uv.txt requirements/uv.in
	$(COMPILE) --upgrade --no-deps --output-file requirements/demo.txt requirements/demo.in

wheel: $(STAMP) ## Build dist/tastegraph-*.whl
	$(BIN)/python -m hatchling build --target wheel

clean: ## Remove what was built, the environment and the caches, the demo's store among them
	rm -rf .venv .cache dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
