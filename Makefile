# Needs python3 (3.11 or newer, with venv), make and git; everything else goes into .venv. `make help` lists the targets.

PYTHON ?= python3
PORT ?= 8000
export PORT

BIN := .venv/bin
FLASK := $(BIN)/flask --app wsgi
# uv, where there is one, does the same as pip in a tenth of the time.
UV := $(shell uv --version >/dev/null 2>&1 && echo uv)
INSTALL := $(if $(UV),uv pip install --python $(BIN)/python,$(BIN)/pip --disable-pip-version-check install) --quiet --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-strip-extras --no-emit-index-url --no-header
TESTS ?=

.DEFAULT_GOAL := help
.PHONY: help run dev test test-cluster test-fire check format lock bench screenshots translations chromium libreoffice strace nginx clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/product ## set up and serve on http://127.0.0.1:8000 (PORT=… changes it), with demo events in an empty database
	@$(FLASK) db upgrade
	@$(FLASK) demo load --if-empty
	@exec $(BIN)/python wsgi.py

dev: .venv/product ## serve with reloading and a debugger, and a worker that sends the mails
	@$(FLASK) db upgrade
	@$(FLASK) worker & worker=$$!; trap 'kill $$worker' EXIT; $(FLASK) run --debug --port $(PORT)

test: .venv/development chromium libreoffice strace ## run all tests on SQLite and PostgreSQL; TESTS="tests/rules -x" runs a part
ifeq ($(TESTS),)
	$(BIN)/pytest -q tests/rules --cov=regapp/rules --cov-report term --cov-fail-under 100
	$(BIN)/pytest -n 2 --dist worksteal --ignore tests/rules
else
	$(BIN)/pytest $(TESTS)
endif

test-cluster: .venv/development ## two web servers, two workers, PostgreSQL under load while they are killed: up to five minutes
	$(BIN)/python -m tests.cluster

test-fire: .venv/development strace nginx ## kill the embedded server fifty times under load; rude clients at all servers (10 minutes)
	$(BIN)/python -m tests.fire

check: .venv/development ## format, lint, types, import contracts, templates
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint --lint --quiet templates

format: .venv/development ## put the code into its form, mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/development ## measure; writes bench/results.json
	$(BIN)/python -m bench

lock: .venv/development ## take the newest versions into requirements*.txt
	$(LOCK) --upgrade requirements.in -o requirements.txt
	$(LOCK) --upgrade requirements-dev.in -c requirements.txt -o requirements-dev.txt

screenshots: .venv/development chromium ## take pictures of every page and mail into docs/screenshots/
	$(BIN)/python -m tests.browser.screenshots

translations: .venv/development ## collect new sentences into the catalogues, and compile these
	$(BIN)/pybabel -q extract -F babel.cfg -k lazy_gettext --no-location --sort-output --project regapp -o .venv/messages.pot .
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 120 -i .venv/messages.pot -d regapp/translations
	$(BIN)/pybabel -q compile -d regapp/translations

clean: ## remove what was installed or generated; keeps instance/
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

chromium: # the browser of the browser tests
	@for name in chromium chromium-browser google-chrome; do command -v $$name >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; \
	else \
		echo "The browser tests need Chromium: install it (Debian: apt-get install chromium)." >&2; exit 1; \
	fi

libreoffice: # opens the lists that we write, in the tests
	@command -v soffice >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends libreoffice-calc-nogui; \
	else \
		echo "The tests of spreadsheets need LibreOffice: install it (Debian: apt-get install libreoffice-calc-nogui)." >&2; exit 1; \
	fi

strace: # shows that a registration is on the disk before it is answered
	@command -v strace >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends strace; \
	else \
		echo "The tests of the disk need strace: install it (Debian: apt-get install strace)." >&2; exit 1; \
	fi

nginx: # the proxy that stands before granian
	@PATH="$$PATH:/usr/sbin"; command -v nginx >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends nginx-light; \
	else \
		echo "test-fire needs nginx: install it (Debian: apt-get install nginx-light)." >&2; exit 1; \
	fi

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; PYTHON=… names another one." >&2; exit 1; }
	@$(if $(UV),uv venv --quiet --python $(PYTHON) .venv,$(PYTHON) -m venv .venv) \
		|| { rm -rf .venv; echo "python3 cannot make a venv: install it (Debian: apt-get install python3-venv)." >&2; exit 1; }

# Stamps: what is installed is left alone until the lock file changes.
.venv/product: requirements.txt | .venv/bin/python
	$(INSTALL) -r requirements.txt
	@touch $@

.venv/development: requirements-dev.txt | .venv/bin/python
	$(INSTALL) $(if $(UV),--compile-bytecode) -r requirements-dev.txt
	@touch $@ .venv/product
