# Courtside: `make run` starts the app, `make test` runs the tests. Nothing is needed but
# Python 3.11 or 3.12, pip and make; both set up a private environment in .venv the first time.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
TRACKING_PORT ?= 5001
# Tests of one file stay in one process: they share what it has trained.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile --durations 30
# An empty value means "write bytecode": without it every start compiles every import again.
export PYTHONDONTWRITEBYTECODE :=
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: run test test-slow bench check format tracking lock clean help

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

run: $(VENV)/.run-ready  ## set up and start the app with the sample project
	@$(BIN)/python -m core init --sample --if-missing >/dev/null
	$(BIN)/python -m streamlit run Home.py --server.port $(PORT)

test: $(VENV)/.test-ready check  ## set up, lint, type-check and run the quick tests
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not e2e and not bench"

test-slow: $(VENV)/.test-ready  ## the end-to-end, real-data and full-size tests
	$(BIN)/python -m pytest $(PARALLEL) -m "slow or e2e"

bench: $(VENV)/.test-ready  ## measure against named alternatives, as ratios
	$(BIN)/python -m pytest tests/benchmarks -m "" -s

check: $(VENV)/.test-ready  ## ruff and mypy
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

format: $(VENV)/.test-ready  ## rewrite the code in the house's format
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

tracking: $(VENV)/.run-ready  ## MLflow's own UI on the same store
	$(BIN)/python -m core.tracking.ui --port $(TRACKING_PORT)

lock: $(VENV)/.test-ready  ## write both lock files anew from pyproject.toml
	$(BIN)/pip install --quiet uv && .ci/lock $(BIN)/uv

clean:  ## remove the environment and caches (data, models and mlruns stay)
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.python: .ci/find-python
	@python=$$(sh .ci/find-python) || exit 1; \
	echo "Setting up $(VENV) with $$python (a few minutes, once)"; \
	rm -rf $(VENV) && "$$python" -m venv $(VENV) && touch $@

$(VENV)/.run-ready: $(VENV)/.python requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test-ready: $(VENV)/.run-ready tests/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@
