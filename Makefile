# make run | test | test-newer | check | train | evaluate | bench | audit | faults | fuzz; README.md says what each does.
PYTHON := .venv/bin/python
# Tests run in this many processes side by side, and each starts products of its own, some 3 GB.
WORKERS ?= 2
# A file's tests stay together, and files in the order of tests/conftest.py; what took longest is told at the end.
SIDE_BY_SIDE = --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 25 --durations-min 5 --tb short
# Seconds for which each target is fuzzed.
SECONDS ?= 60
BOOT := $(shell command -v python3 || command -v python)
NEWER := tests/newer_python/.venv/bin/python
# What is tested on a newer Python too: the rooms that know nothing of Rasa. Backups, the doctor (who asks for Python 3.10) and attacks on the
# pages are left to the run above for time, and so are thousands of services at once, commands that each start a process of their own, and
# what looks at data/ more than at code.
FACES_PEOPLE := $(addprefix tests/,answers conversation council directory drafting fetching handover links newer_python sharing understanding web \
	test_codes.py test_jobs.py test_logs.py test_settings.py test_upgrading.py test_walls.py) \
	$(addprefix --ignore tests/,answers/test_catalogue_command.py answers/test_checking.py answers/test_plain_english.py \
	directory/test_facts.py directory/test_guidance.py handover/test_command.py) \
	--deselect tests/directory/test_importing.py::test_thousands_of_services_come_in_with_word_of_how_far_it_is

.PHONY: run test test-newer check train evaluate bench format audit faults fuzz set-up

run: set-up
	@exec $(PYTHON) -m bot run

# What starts the product is run twice: as on a laptop, and as in production on PostgreSQL and Redis, where they answer.
test: set-up
	@$(PYTHON) -m pytest $(SIDE_BY_SIDE)
	@STACK_ON=servers $(PYTHON) -m pytest $(SIDE_BY_SIDE) tests/stack
	@$(MAKE) --no-print-directory test-newer

# What faces people, on a newer Python with SQLAlchemy 2 and without Rasa, where such a Python can be had.
test-newer: train
	@$(BOOT) scripts/set_up.py newer
	@! test -x $(NEWER) || $(NEWER) -m pytest $(SIDE_BY_SIDE) $(FACES_PEOPLE)

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

faults: train
	@FAULTS=1 $(PYTHON) -m pytest tests/stack/test_faults.py

fuzz: train
	@$(PYTHON) -m fuzz $(SECONDS)

audit: set-up
	@$(PYTHON) scripts/audit.py

set-up:
	@test -n "$(BOOT)" || { echo "There is no Python: install Python 3 and start again."; exit 1; }
	@$(BOOT) scripts/set_up.py
