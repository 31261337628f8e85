# Needs make and Python 3.11 or later. PYTHON=python3.12 takes another one than python3.
PYTHON ?= python3
BIN := .venv/bin

KILLS ?= 200
INPUTS ?= 100000
SECONDS ?= inf
FROM ?= 0

.PHONY: faults demo test lint docs mutate bench clean

demo: .venv/installed  ## compute the article's study and print its table
	$(BIN)/sweep point configs/studies/article.yaml

test: .venv/tested lint  ## check the types, the style and the numbers
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile

lint: .venv/tested
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: .venv/tested  ## build the site into site/, with warnings as errors
	$(BIN)/python -m mkdocs build --strict

mutate: .venv/tested  ## change each line of kernels/ in turn and see that the tests of its file notice
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[mutate]'
	$(BIN)/python -m tests.mutation

bench: .venv/tested  ## measure the engine against C, numpy, memory and zarr
	$(BIN)/python -m benchmarks.speed --json speed.json

faults: .venv/tested  ## kill, damage and fuzz for hours; KILLS=20 INPUTS=1000 SECONDS=600 for less, FROM=12 goes on
	$(BIN)/python -m tests.faults.campaign --kills $(KILLS) --inputs $(INPUTS) --seconds $(SECONDS) --from $(FROM)

clean:
	rm -rf .venv .venv-lowest dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis speed.json

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "wattsweep needs Python 3.11 or later; this is $$($(PYTHON) --version). Say which with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/tested: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/installed
