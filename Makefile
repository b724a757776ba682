# One command each: make test, test-all, test-long, lint, fix, docs, bench, translations, lock, audit. See CONTRIBUTING.md.
.PHONY: install test test-all test-long lint fix docs bench translations lock audit

venv := $(or $(OBZVON_TEST_VENV),.venv)
bin := $(venv)/bin

install:
	tests/run --install

test:
	tests/run --fast

test-all:
	tests/run

test-long:
	tests/run --long

lint: install
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/bandit --quiet --recursive --configfile pyproject.toml obzvon web

fix: install
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

docs: install
	PYTHON=$(CURDIR)/$(bin)/python docs/build

bench: install
	$(bin)/python -m tests.benchmarks.speed

# New sentences come out without a translation: write it into the .po files, then run this again.
translations: install
	$(bin)/pybabel -q extract --project=obzvon --no-location --sort-output -k say -k say_many:1,2 -k N_ -k help_text \
	    -o $(venv)/obzvon.pot obzvon
	$(bin)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date -D obzvon \
	    -i $(venv)/obzvon.pot -d obzvon/translations
	$(bin)/pybabel -q extract -F web/babel.cfg --project=obzvon --no-location --sort-output -k N_ -o $(venv)/web.pot web
	$(bin)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date \
	    -i $(venv)/web.pot -d web/translations
	$(bin)/pybabel -q compile -D obzvon -d obzvon/translations
	$(bin)/pybabel -q compile -d web/translations

# All three from one resolution, so that they agree. `make lock UPGRADE=--upgrade` takes the newest versions.
resolve := $(bin)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml
lock: install
	$(resolve) $(UPGRADE) --all-extras --group build --group dev -o requirements-dev.lock
	$(resolve) -c requirements-dev.lock --group build -o requirements.lock
	$(resolve) -c requirements-dev.lock --group build --extra postgres -o requirements-postgres.lock

audit: install
	.ci/audit $(bin)
