# The front door. Needs nothing but: apt-get install python3-venv make
SHELL := /bin/sh
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin

.PHONY: help demo test soak lint types bench clean

help:
	@echo "make demo   a campaign against the simulated PBX to a finished report (no root, under three minutes)"
	@echo "make test   the gate: lint, types and every test; as root on Debian also against a real Asterisk"
	@echo "make soak   the long tests (as root)"
	@echo "make lint | types | bench | clean"

# the programs alone: what the demo needs
$(VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# and what the tests, lint and types need
$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/python -m dialerd.simulation.demo --output demo-output

lint: $(VENV)/.tested
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check --quiet src tests benchmarks

types: $(VENV)/.tested
	$(BIN)/mypy src

test: lint types
	sh tests/gate.sh $(BIN)

soak: $(VENV)/.tested
	sh tests/gate.sh $(BIN) soak

bench: $(VENV)/.tested
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

clean:
	rm -rf $(VENV) demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis
