# One gate: `make check` and `make test`; CI runs the same targets.
# Every target makes the virtual environment it needs; nothing has to be activated.

# The first Python that is new enough; name another by PYTHON=...
OLDEST := 3, 11
IS_NEW_ENOUGH = -c 'import sys; sys.exit(sys.version_info < ($(OLDEST)))' 2>/dev/null
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p $(IS_NEW_ENOUGH) && { echo $$p; exit; }; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
# The suite starts some thousand interpreters: each would compile the package anew.
export PYTHONDONTWRITEBYTECODE :=
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: help run test check format lint types layers api parity bench clean

help:  ## Show the targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/.run  ## Run a leaking program under watch, then the sample app three ways.
	@$(BIN)/python -m urlsession watch examples/leaky_shop.py
	@$(BIN)/python examples/three_ways.py

test: $(VENV)/.dev  ## Run the whole test suite (T="tests/unit -k name" for a part).
	@$(BIN)/python -m pytest -n auto $(T)

check: format lint types layers  ## Check formatting, lint, types and layers.

format: $(VENV)/.dev  ## Check the formatting only.
	@$(BIN)/ruff format --check

lint: $(VENV)/.dev  ## Lint only.
	@$(BIN)/ruff check

types: $(VENV)/.dev  ## Check the types only.
	@$(BIN)/mypy --strict src tests benchmarks examples

layers: $(VENV)/.dev  ## Check the import layers only.
	@$(BIN)/python -m pytest -q tests/packaging/test_layers.py

api: $(VENV)/.dev  ## Write the dump of public signatures anew.
	@$(BIN)/python -m tests.packaging.api

parity: $(VENV)/.dev  ## Write the states of docs/parity.md anew, from the tests.
	@$(BIN)/python -m tests.packaging.parity

bench: $(VENV)/.bench  ## Measure this package and its peers side by side.
	@$(BIN)/python -m benchmarks $(B)

clean:  ## Remove the virtual environment and every cache.
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The virtual environment, in three sizes: each stamp is newer than pyproject.toml
# once its packages are in.

$(BIN)/python:
	@python='$(PYTHON)'; $$python $(IS_NEW_ENOUGH) \
	  || { echo "$$python is no Python >= 3.11; name one: make PYTHON=..." >&2; exit 1; }; \
	$$python -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "no venv module (on Debian: python3-venv)" >&2; exit 1; }

$(VENV)/.run: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[testing,examples]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[dev,corpus]'
	@touch $@ $(VENV)/.run

$(VENV)/.bench: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[testing,examples,bench]'
	@touch $@ $(VENV)/.run
