# Each of demo, test and check makes the machine ready by itself (setup.sh), and costs nothing when it is.
.DEFAULT_GOAL := help
.PHONY: help demo test test-long bench-rules bench-archive bench-verify bench-backup bench-export bench-capture idle latency storm several simulate simulate-long hostile screenshots plan-month plan-month-each audit check format lint types contracts lock train clean setup-run setup-dev
BIN := .venv/bin
# Tests wait for servers and a browser as much as they compute: three at a time, and each file stays with one worker.
PYTEST := $(BIN)/pytest -n 3 --dist loadfile
UV := $(or $(wildcard $(BIN)/uv),uv)
BENCH = $(shell sed -n '/^bench = \[/,/\]/s/.*"\(.*\)".*/\1/p' pyproject.toml)
# One lock for every supported Python and system. It names no index, and pins what builds (setuptools) like the rest.
COMPILE = sed -n 's/^requires = \["\(.*\)"\]$$/\1/p' pyproject.toml | $(UV) pip compile --quiet pyproject.toml - \
	--universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make lock" $(UPGRADE)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

demo: setup-run ## the whole product on stand-in platforms, no keys needed (ARGS="..." is handed on)
	@$(BIN)/citymod demo $(ARGS)

test: setup-dev ## all tests but the slow ones (ARGS="..." is handed on)
	@$(PYTEST) -m "not slow" $(ARGS)

test-long: setup-dev ## all tests, the slow ones too
	@$(PYTEST) $(ARGS)

bench-export: setup-dev ## an export of 10,000 comments with pictures, in seconds, as JSON (ARGS=number of comments)
	@PYTHONPATH=.:tests $(BIN)/python tests/bot/bench_export.py $(ARGS)

plan-month: setup-dev ## twelve accounts of X and of YouTube on one bill for DAYS days, told for a month (a quarter of an hour)
	@CITYMOD_PLAN_DAYS=$(or $(DAYS),7) $(BIN)/pytest -n 2 --dist load tests/contract/test_plans.py -m slow -k twelve -rP $(ARGS)

plan-month-each: setup-dev ## one account of each platform for a whole month, against its plan (a quarter of an hour)
	@$(BIN)/pytest -n 2 --dist load tests/contract/test_plans.py -m slow -k month -rP $(ARGS)

# What others' filters make of the same comments is told if they can be had, and not missed if they cannot.
bench-rules: setup-dev ## what the shipped rules do and how fast, as one JSON object (ARGS=--quick, --brief, --section X)
	@$(UV) pip install --quiet --python $(BIN)/python -r pyproject.toml --extra bench >&2 || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check $(BENCH) >&2 || true
	@PYTHONPATH=. $(BIN)/python tests/rules/bench.py $(ARGS)

bench-archive: setup-dev ## recording beside bare SQLite, and daily work as the archive grows, as JSON (ARGS="--stored 10000000")
	@PYTHONPATH=. $(BIN)/python tests/archive/bench.py $(ARGS)

bench-verify: setup-dev ## how fast the archive is checked, as one JSON object (ARGS=number of ledger lines)
	@PYTHONPATH=. $(BIN)/python tests/archive/bench_verify.py $(ARGS)

bench-backup: setup-dev ## how long writers wait while a backup copies the database, as JSON (ARGS=gigabytes)
	@PYTHONPATH=. $(BIN)/python tests/archive/bench_backup.py $(ARGS)

bench-capture: setup-dev ## how fast records are captured against a floor, as one JSON object (ARGS="--minutes 5")
	@$(UV) pip install --quiet --python $(BIN)/python shot-scraper >&2 || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check shot-scraper >&2 || true
	@PYTHONPATH=.:tests $(BIN)/python tests/archive/bench_capture.py $(ARGS)

simulate: setup-run ## fresh days in which everything goes wrong, for five minutes (ARGS="--seed 7 --days 3" for certain ones)
	@$(BIN)/citymod simulate $(or $(ARGS),--minutes 5)

simulate-long: setup-run ## the same for an hour on two cores (MINUTES=60)
	@$(BIN)/citymod simulate --minutes $(or $(MINUTES),60) & first=$$!; \
		$(BIN)/citymod simulate --minutes $(or $(MINUTES),60); second=$$?; wait $$first && exit $$second

idle: setup-dev ## what a daemon with 40 accounts costs on which nothing happens, as JSON (ARGS="--seconds 180")
	@PYTHONPATH=.:tests:tests/bot $(BIN)/python tests/bot/bench_idle.py $(ARGS)

latency: setup-dev ## how long from posting to confirmed hidden, polled and pushed, as JSON (ARGS="--poll 30")
	@PYTHONPATH=.:tests:tests/bot $(BIN)/python tests/bot/bench_latency.py $(ARGS)

storm: setup-dev ## the busiest hour that is known, over a running daemon, as JSON (ARGS="--seconds 300")
	@PYTHONPATH=.:tests:tests/bot $(BIN)/python tests/bot/bench_storm.py $(ARGS)

several: setup-dev ## three daemons on one PostgreSQL server, killed KILLS=500 times at random (SEED=1)
	@KILLS=$(or $(KILLS),500) SEED=$(or $(SEED),1) $(BIN)/pytest tests/several -n 0 -s -m slow $(ARGS)

hostile: setup-dev ## two hundred hostile pages and a hundred cards in every script (half an hour)
	@$(BIN)/pytest tests/archive/test_hostile_pages.py -n 0 $(ARGS)

screenshots: setup-dev ## the guides' pictures (docs/pictures), from a run of the demo
	@PYTHONPATH=. $(BIN)/python docs/screenshots.py

check: format lint types contracts test ## everything a change must pass; with make -k it goes on after a failure

format: setup-dev
	@$(BIN)/ruff format --check .

lint: setup-dev
	@$(BIN)/ruff check .

types: setup-dev
	@$(BIN)/mypy

contracts: setup-dev
	@$(BIN)/lint-imports

lock: ## pin all packages anew with their hashes (UPGRADE=--upgrade takes the newest; needs uv)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: $(BIN)/pip install uv" >&2; exit 1; }
	@$(COMPILE) --extra postgresql --output-file requirements.lock
	@$(COMPILE) --extra postgresql --extra dev --constraint requirements.lock --output-file requirements-dev.lock

# Not in `check`: what is published today is known to the network alone, and a check that could not ask would say nothing.
audit: ## compare the pinned packages with published advisories; fails where any of them could not be asked about
	@python3 -m venv .setup/audit && .setup/audit/bin/pip install --quiet --disable-pip-version-check pip-audit
	@.setup/audit/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r requirements.lock

train: setup-dev ## make the models for spam and commerce anew (DATA=folder DATE=2026-11-22; takes minutes)
	@test -n "$(DATA)" -a -n "$(DATE)" || { echo "make train needs DATA=folder and DATE=day" >&2; exit 1; }
	@$(UV) pip install --quiet --python $(BIN)/python 'scikit-learn>=1.9' 2>/dev/null || $(BIN)/pip install --quiet 'scikit-learn>=1.9'
	@$(BIN)/python -m rules.models.train "$(DATA)" --date "$(DATE)" --critical tests/rules/criticism.txt $(ARGS)

clean: ## remove everything that set-up and checks have made
	rm -rf .venv .setup .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache
	rm -rf build dist demo-output *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup-run:
	@sh setup.sh run

setup-dev:
	@sh setup.sh dev
