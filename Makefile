# `make help` lists what there is. Needs Python 3.11+ with venv, and make; Node comes into .venv as a package.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(if $(wildcard $(BIN)/python),$(BIN)/python,$(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell $(p) -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p)))))
ENGINES := $(BIN)/python -m carillon.engines
# one stamp per place and content of the lock: a second run finds it and installs nothing
# --no-compile: Python compiles what is used when it is used; doing it for everything at once takes longer than the download
RUN := $(VENV)/.run-$(firstword $(shell (pwd; cat requirements.lock pyproject.toml) | cksum))
TESTS := $(VENV)/.tests-$(firstword $(shell (pwd; cat requirements-test.lock pyproject.toml) | cksum))
NODE_ORACLES := tests/oracles/node_modules/.package-lock.json
SUMS := tests/oracles/statistics# gbstats wants an old numpy: an environment of its own
ORACLES := $(NODE_ORACLES) build/statistics/.done
# drill_*.py takes longer than `make test` may: its short form is tests/drills/test_short.py
DRILLS := -o python_files='test_*.py drill_*.py' tests/line tests/drills
UV := uv==0.13.9 # only resolves the locks
COMPILE = build/lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --native-tls --quiet

.PHONY: help up test lint engines engines-stop bench drills sabotage e2e walk pictures front lock clean check-python
.NOTPARALLEL:

help: ## this list
	@echo "Carillon: one keyboard, many bells."
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(RUN) ## run everything on this machine, in one process (PORT=9000 make up moves it)
	@$(BIN)/python -m carillon.portal_build
	@exec $(BIN)/carillon up

test: $(TESTS) $(ORACLES) ## every test but the longest drills, on real PostgreSQL, Redis and Kafka of its own; leaves nothing running
	@$(ENGINES) need chromium postfix opendkim dovecot firefox
	@$(BIN)/python -m carillon.portal_build & built=$$!; $(MAKE) lint; linted=$$?; wait $$built && exit $$linted
	@$(BIN)/python -m tests.memory $(ENGINES) run -- $(BIN)/python -m tests.whole -m "not long" $(ARGS)

lint: $(TESTS) ## ruff, mypy and the floors (import-linter)
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --cache-dir .import_linter_cache

engines: $(RUN) ## real PostgreSQL, Redis and Kafka for development (BROKERS=3); keeps how to use them in .engines/env
	@$(ENGINES) up $(if $(BROKERS),--brokers $(BROKERS))

engines-stop: $(RUN) ## stop them
	@$(ENGINES) down

bench: $(TESTS) ## measure, and write it to the end of docs/benchmarks.md (ARGS=line: that part alone, written nowhere)
	@$(ENGINES) run -- $(BIN)/python -m carillon.bench $(ARGS)

drills: $(TESTS) ## kill processes, engines, mail servers and disks under load, count what is lost or doubled; into docs/drills.md
	@DRILLS_PAGE=docs/drills.md $(ENGINES) run -- $(BIN)/python -m pytest -m drill $(DRILLS) $(ARGS)

sabotage: $(TESTS) ## break every promise on a copy and see its test go red
	@$(ENGINES) run -- $(BIN)/python -m tests.house.sabotage $(ARGS)

e2e: $(TESTS) $(ORACLES) ## the stories in a real browser and with real GraphQL clients
	@$(ENGINES) need chromium firefox
	@$(BIN)/python -m carillon.portal_build
	@$(ENGINES) run -- $(BIN)/python -m pytest -m e2e $(ARGS)

pictures: $(TESTS) ## README's pictures, taken from the demo
	@$(ENGINES) need chromium
	@$(BIN)/python -m tests.portal.pictures

front: $(TESTS) ## measure what a page, a click and an open tab cost
	@$(ENGINES) need chromium
	@$(BIN)/python -m tests.portal.measure

walk: $(TESTS) $(ORACLES) ## every page of every role in both modes and sizes, judged by axe; pictures under build/portal (HOUSE=full ROLE=admin ROUTE=/people: a part)
	@$(ENGINES) need chromium
	@$(BIN)/python -m carillon.portal_build
	@$(BIN)/python -m pytest tests/portal/e2e/everywhere.py $(ARGS)

lock: check-python ## resolve the versions in pyproject.toml anew (UPGRADE=1: the newest allowed)
	@test -x build/lock/bin/uv || { $(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet "$(firstword $(UV))"; }
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --extra build --output-file requirements.lock
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --extra build --extra test --constraints requirements.lock --output-file requirements-test.lock
	@$(subst pyproject.toml,carillon/bench/peer/requirements.in,$(COMPILE)) $(if $(UPGRADE),--upgrade) --output-file carillon/bench/peer/requirements.lock
	@$(subst pyproject.toml,$(SUMS)/requirements.in,$(COMPILE)) $(if $(UPGRADE),--upgrade) --output-file $(SUMS)/requirements.lock
	@cd tests/oracles && PATH="$(abspath $(BIN)):$$PATH" npm install --package-lock-only --silent

clean: ## remove what was built and installed here; data in .carillon is kept
	@-if test -x $(BIN)/python && test -d .engines; then $(ENGINES) down --remove; fi
	rm -rf $(VENV) .web .states build dist *.egg-info tests/oracles/node_modules
	rm -rf .ruff_cache .mypy_cache .pytest_cache .hypothesis .import_linter_cache

check-python:
	@test -n "$(PYTHON)" || { echo "Carillon needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv). Give its name with PYTHON=..." >&2; exit 1; }

$(RUN): | check-python
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what Carillon needs (once; a minute or two)."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.run-* && touch $@

$(TESTS): | check-python
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what Carillon and its tests need (once; a minute or two)."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements-test.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.tests-* $(VENV)/.run-* && touch $@ $(RUN)

$(NODE_ORACLES): tests/oracles/package-lock.json tests/oracles/package.json | $(TESTS)
	@cd tests/oracles && PATH="$(abspath $(BIN)):$$PATH" npm ci --silent && touch node_modules/.package-lock.json

build/statistics/.done: $(SUMS)/requirements.lock | $(TESTS)
	@rm -rf build/statistics && $(BIN)/python -m venv build/statistics
	@build/statistics/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r $(SUMS)/requirements.lock || { echo "gbstats and statsmodels, which our sums are compared with, could not be installed. They need a Python of 3.11 or 3.12 (an older numpy is not made for newer ones) and the package index. What pip said stands above; mend it and run make again." >&2; exit 1; }
	@touch $@
