# The commands of the project; `make help` lists them. Everything happens in .venv and .som of this folder.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST_WORKERS ?= 2
PYTEST_ARGS ?=
# Where the container image is put together; in CI a folder that is thrown away.
IMAGE_PREFIX ?= /opt/som

# What `make designer` makes, and where npm works meanwhile.
DESIGNER ?= handlers/console/vendor
NPM_DIR ?= build/npm

.DEFAULT_GOAL := help
.PHONY: help setup designer demo stop serve test coverage lint format bench storm lock image-deps image-install image-designer image-check clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

setup: $(STAMP) designer ## the environment: .venv with the locked dependencies and the embedded database, and the designer

$(STAMP): requirements/lock.txt setup.py pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 is needed, and '$(PYTHON)' is not it. Install it (Debian, Ubuntu: python3.11 and" >&2; \
		echo "python3.11-venv; macOS: brew install python@3.11; anywhere: pyenv install 3.11), or name another" >&2; \
		echo "one of 3.11 or newer: make setup PYTHON=/path/to/python" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		echo "The environment could not be made; on Debian and Ubuntu the package python3.11-venv is needed." >&2; \
		rm -rf $(VENV); exit 1; }
	@echo "Installing the dependencies into $(VENV) (the first time takes a minute) ..."
	@$(PIP) install -r requirements/lock.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

designer: ## the libraries of the designer of recipes, by npm; where they are missing, its page says so
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(DESIGNER)/.copied; else echo "npm is not here."; false; fi || \
		echo "The designer of recipes is left out; its page will say so."

$(DESIGNER)/.copied: handlers/console/package-lock.json handlers/console/libraries.py
	@echo "Installing the libraries of the designer of recipes ..."
	@rm -rf $(NPM_DIR) && mkdir -p $(NPM_DIR) $(DESIGNER)
	@cp handlers/console/package.json handlers/console/package-lock.json $(NPM_DIR)
	@cd $(NPM_DIR) && npm ci --ignore-scripts --no-audit --no-fund --silent
	@$(PYTHON) handlers/console/libraries.py $(NPM_DIR)/node_modules $(DESIGNER)
	@rm -rf $(NPM_DIR)
	@touch $@

demo: setup ## an order from acceptance to completion, on real input; leaves the server running
	@$(BIN)/som demo

stop: ## ends what `make demo` left running
	@test ! -x $(BIN)/som || $(BIN)/som stop

serve: setup ## the server in the foreground, with the embedded database
	@$(BIN)/som serve

# Tests start hundreds of processes; where bytecode may not be written, each compiles all modules anew.
test: setup lint ## all checks and all tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --no-cov $(PYTEST_ARGS)

coverage: setup ## all tests, and which lines and branches they left out; takes half as long again as `make test`
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --cov --cov-branch --cov-report=term:skip-covered $(PYTEST_ARGS)

lint: setup ## style, types and the house's import rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## brings the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## how fast it is here, and beside what
	$(BIN)/python -m bench

storm: setup ## 300 orders while servers and databases are killed 50 times; takes ten minutes
	$(BIN)/python -m tests.crash.storm $(STORM_ARGS)

lock: setup ## writes the lock files from what is installed, after a change of setup.py
	$(BIN)/python requirements/relock.py

image-deps: ## what the container image holds besides the program itself
	$(PYTHON) -m venv $(IMAGE_PREFIX)
	$(IMAGE_PREFIX)/bin/python -m pip --disable-pip-version-check install --quiet --no-cache-dir -r requirements/runtime.txt

image-install: ## the program itself, into the container image
	$(IMAGE_PREFIX)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation .

image-designer: ## the libraries of the designer, for the container image
	$(MAKE) $(DESIGNER)/.copied PYTHON=python3

image-check: ## the two steps of the image in a folder that is thrown away, and a look at the result from elsewhere
	rm -rf build
	if command -v npm; then $(MAKE) image-designer DESIGNER=build/designer; fi
	$(MAKE) image-deps image-install IMAGE_PREFIX=$(CURDIR)/build/image
	cd / && $(CURDIR)/build/image/bin/python -I $(CURDIR)/tests/installed.py $(CURDIR)
	rm -rf build

clean: stop ## removes the environment, the data of the demo and everything that tools left
	rm -rf $(VENV) .som build dist handlers/console/vendor *.egg-info .coverage .coverage.* htmlcov \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
