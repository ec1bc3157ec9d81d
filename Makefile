# Needs Python 3.11 or later, make and a package index. Everything else is installed into .venv.

PYTHON ?= python3
BIN := .venv/bin
# The tests wait for processes and disks more than they compute: more of them than there are cores finish sooner.
TEST_PROCESSES ?= 3

.PHONY: run test check setup browser hledger bench faults lock format
.DEFAULT_GOAL := run

run: setup ## Start the ledger with a small demo data set
	@$(BIN)/ledger demo
	@exec $(BIN)/ledger serve

test: setup browser hledger ## Run all tests
	@$(BIN)/pytest -q -rs --numprocesses $(TEST_PROCESSES) --dist loadfile

# Pages are tested in a real browser; where there is none and none may be installed, those tests say so and are left out.
browser: ## Install Chromium for the tests of web pages, where this machine lets us
	@command -v chromedriver > /dev/null \
		|| { test "$$(id -u)" = 0 && command -v apt-get > /dev/null && echo "Installing Chromium ..." && apt-get update -qq \
			&& apt-get install -y -qq --no-install-recommends chromium chromium-driver > /dev/null; } \
		|| echo "there is no Chromium here: apt-get install chromium chromium-driver"

# The exported books are checked by programs that are not ours: beancount is a package of Python, hledger one of the system.
hledger: ## Install hledger for the tests of exported books, where this machine lets us
	@command -v hledger > /dev/null \
		|| { test "$$(id -u)" = 0 && command -v apt-get > /dev/null && echo "Installing hledger ..." && apt-get update -qq \
			&& apt-get install -y -qq --no-install-recommends hledger > /dev/null; } \
		|| echo "there is no hledger here: apt-get install hledger"

check: setup ## Format, lint, types, layers
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo

bench: setup ## Print ratios of speed, from one run
	@$(BIN)/python -m bench

faults: setup ## Kill processes and databases under load, and count what was lost
	@$(BIN)/python -m faults --report docs/faults.md

format: setup ## Put the code into its form
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

setup: .venv/.ready ## Install everything, once

# The mark is set last: what was interrupted half way starts again.
.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Installing into .venv ..."
	@test -x $(BIN)/uv || $(PYTHON) -m venv --clear .venv
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock > .venv/uv.lock
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	@# uv takes seconds where pip takes a minute; pip knows indexes and certificates that only pip was told about.
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock 2> .venv/uv.log \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --offline --no-deps --no-build-isolation --editable .
	@# A start loads a thousand files in each of five processes: where Python may not keep them compiled, twice as long.
	@$(BIN)/python -m compileall -q -j 0 aggregates ledger projections api scheduler
	@touch $@

lock: setup ## Pin the newest versions that pyproject.toml allows, by hash, naming no index
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
		pyproject.toml --group dev --output-file requirements.lock
