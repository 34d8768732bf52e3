# Needs Python 3.11 or later, git and make. Everything else goes into .venv, and nothing outside this folder.
PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin/python
# An editable install compiles the catalogues once; whoever edits one wants to see the new words.
COMPILE = $(RUN) translations/catalogues.py
RECIPE = setup.cfg pyproject.toml $(wildcard translations/*.py)

# Tests share nothing but the processor: one process for each core, each with servers of its own. With JOBS=0 they run
# one after the other.
JOBS ?= logical
SIDE_BY_SIDE = --numprocesses $(JOBS) --maxprocesses 4 --dist worksteal
# Tests that start programs, kill them and look at what time does to them: no more than two of them at a time, and
# nothing beside them.
ALONE = tests/chaos tests/integration/workers tests/integration/servers
TWO = --numprocesses $(JOBS) --maxprocesses 2 --dist worksteal

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1
export PIP_ROOT_USER_ACTION = ignore
export CERTIFY_CHROMIUM

.PHONY: help demo test test-lowest verifiers coverage chaos bench lint words clean

help:
	@echo "make demo         a small learning platform with real learners, at http://localhost:8080"
	@echo "make demo ONCE=1  the same, without staying: succeeds if every certificate verified"
	@echo "make test         everything that is asked of a change"
	@echo "make test-lowest  the same thinking on the lowest versions that setup.cfg allows"
	@echo "make verifiers    install the verifiers that others wrote, which the tests ask"
	@echo "make coverage     that every branch of what decides is tested"
	@echo "make chaos        everything killed, wiped or full on 20,000 learners, random lives of certificates; SCALE=5: fewer"
	@echo "make bench        how fast it is on this machine, one line a figure"
	@echo "make lint         ruff, mypy and the import contract alone"
	@echo "make words        compile the catalogues after an edit"
	@echo "make clean        remove what was made, except var/, where the campus keeps its data"

demo: $(VENV)/.made-demo
	@$(COMPILE)
	@$(VENV)/bin/flask --app examples.campus campus serve $(if $(ONCE),--once)

test: $(VENV)/.made-test tools verifiers
	@$(COMPILE)
	@passed=yes; $(RUN) -m pytest $(SIDE_BY_SIDE) $(ALONE:%=--ignore=%) || passed=; \
		$(RUN) -m pytest $(TWO) $(ALONE) || passed=; test -n "$$passed"

# Programs that no Python package brings: a browser, and readers of PDF and a shaper that had no part in making our
# documents. Root may install them; anybody else is told.
APT = chromium libharfbuzz-bin poppler-utils qpdf systemd
NEEDED = hb-shape pdftotext qpdf systemd-analyze $(if $(CERTIFY_CHROMIUM),,chromium)
.PHONY: tools
tools:
	@for each in $(NEEDED); do command -v $$each >/dev/null || exit 1; done || { \
		if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
			echo "Installing $(APT) ..."; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
				apt-get install -qq --no-install-recommends $(APT) >/dev/null; \
		else \
			echo "The tests need some programs. As root: apt-get install $(APT);" \
				"a browser may be named instead: make test CERTIFY_CHROMIUM=/path/to/chrome" >&2; exit 1; \
		fi; }

# What decides: each branch of it, by the tests of the thinking alone. Doors and services have tests of their own.
coverage: $(VENV)/.made-test
	@$(RUN) -m pytest -q tests/unit/eligibility tests/unit/awards --cov=flask_certify.eligibility \
		--cov=flask_certify.awards.states --cov-branch \
		--cov-report=term-missing --cov-fail-under=100

# The suite's chaos with forty times as many learners (20,000 under kill -9; a Redis that is gone for a minute), and
# lives that are new each time; CERTIFY_EVERY=1 would compare all 28 million cases of the engine. On a busy machine one
# test takes longer than the ten minutes after which the suite calls it hung.
chaos: $(VENV)/.made-test
	@$(COMPILE)
	@CHAOS_SCALE=$(or $(SCALE),40) CERTIFY_LIVES=60 CERTIFY_EVERY=31 $(RUN) -m pytest -o faulthandler_timeout=3000 \
		tests/chaos tests/integration/life/test_life_of_awards.py tests/unit/eligibility/test_second_reading.py

# Each of them, whatever the one before it said; BENCH="signing batches": only these.
BENCH ?= $(filter-out __init__,$(basename $(notdir $(wildcard tests/bench/*.py))))
bench: $(VENV)/.made-test
	@over=; for each in $(BENCH); do \
		echo "---- $$each"; $(RUN) -m tests.bench.$$each || over="$$over $$each"; \
	done; test -z "$$over" || { echo "Outside the budget:$$over" >&2; exit 1; }

lint: $(VENV)/.made-test
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

words: $(VENV)/.made-demo
	@$(COMPILE)

# The lowest versions stand in a file of their own, since the tools that check the house need newer ones.
test-lowest:
	@$(MAKE) --no-print-directory VENV=.venv-lowest EXTRA="-c tests/lowest.txt" \
		SUITE="tests/unit tests/contract tests/integration" lowest-suite

.PHONY: lowest-suite
lowest-suite: $(VENV)/.made-test verifiers
	@$(COMPILE)
	@passed=yes; $(RUN) -m pytest $(SIDE_BY_SIDE) $(ALONE:%=--ignore=%) $(SUITE) || passed=; \
		$(RUN) -m pytest $(filter tests/integration/%,$(ALONE)) || passed=; test -n "$$passed"

# A stamp for each extra: the second time there is nothing to install.
$(VENV)/.made-demo $(VENV)/.made-test: $(VENV)/.made-%: $(RECIPE) $(if $(EXTRA),tests/lowest.txt) | $(VENV)/bin/python
	@echo "Installing flask-certify and what its $* needs into $(VENV) ..."
	@$(RUN) -m pip install --quiet $(EXTRA) --editable '.[$*]'
	@touch $@

# Verifiers that others wrote: in Node, which comes from PyPI, and one that needs versions of its own.
NODE_TOOLS = tests/contract/node
OLD_BADGES = tests/contract/open_badges_2

verifiers: $(NODE_TOOLS)/node_modules/.package-lock.json .venv-open-badges-2/.made

$(NODE_TOOLS)/node_modules/.package-lock.json: $(NODE_TOOLS)/package-lock.json | $(VENV)/.made-test
	@echo "Installing the verifiers that run in Node ..."
	@PATH="$(abspath $(VENV))/bin:$$PATH" npm ci --prefix $(NODE_TOOLS) --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.venv-open-badges-2/.made: $(OLD_BADGES)/requirements.txt
	@echo "Installing the reference validator of Open Badges 2.0 ..."
	@$(PYTHON) -m venv .venv-open-badges-2
	@.venv-open-badges-2/bin/python -m pip install --quiet --no-deps --requirement $<
	@touch $@

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "There is no $(PYTHON) here. Install Python 3.11 or later, or name one: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is too old: Python 3.11 or later is needed. Name one: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment; see above." >&2; exit 1; }

clean:
	@rm -rf .venv .venv-lowest .venv-open-badges-2 tests/contract/node/node_modules build dist *.egg-info \
		.coverage .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache
	@find flask_certify translations migrations notebooks examples tests \
		\( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +
	@find translations -name '*.mo' -delete
