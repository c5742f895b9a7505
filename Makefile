# make run | test | check | train | evaluate | bench | audit | fuzz; README.md says what each does.
PYTHON := .venv/bin/python
# Tests run in this many processes side by side, and each starts products of its own, some 3 GB.
WORKERS ?= 2
# Seconds for which each target is fuzzed.
SECONDS ?= 60
BOOT := $(shell command -v python3 || command -v python)

.PHONY: run test check train evaluate bench format audit fuzz set-up

run: set-up
	@exec $(PYTHON) -m bot run

# What starts the product is run twice: as on a laptop, and as in production on PostgreSQL and Redis, where they answer.
test: set-up
	@$(PYTHON) -m pytest --numprocesses $(WORKERS) --dist loadfile
	@STACK_ON=servers $(PYTHON) -m pytest --numprocesses $(WORKERS) --dist loadfile tests/stack

check: set-up
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy

train: set-up
	@$(PYTHON) -m bot prepare

evaluate: train
	@$(PYTHON) -m benchmarks.scorecard

bench: train
	@$(PYTHON) -m benchmarks.reply_time

format: set-up
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .

fuzz: train
	@$(PYTHON) -m fuzz $(SECONDS)

audit: set-up
	@$(PYTHON) scripts/audit.py

set-up:
	@test -n "$(BOOT)" || { echo "There is no Python: install Python 3 and start again."; exit 1; }
	@$(BOOT) scripts/set_up.py
