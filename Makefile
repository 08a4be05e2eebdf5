# The two commands are `make demo` and `make test`; `make` alone lists the others.
# PYTHON names the Python to make .venv with (3.11 or newer). TORCH_INDEX may name an index of PyTorch wheels.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv compiled demo test test-language test-long test-lowest mutate lab bench docs pages check-pages lint \
	release-check clean style types suite

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
STAMP := $(VENV)/.installed
RUN := $(VENV)/bin/python
export TORCH_INDEX ?=
# Where it is set, every kernel and every Python that a test starts would compile the package anew.
export PYTHONDONTWRITEBYTECODE :=
# The suite without nbval, which takes seconds to import in every process.
PYTEST := $(RUN) -m pytest -p no:nbval

# JOBS: how many processes run the suite; each file of tests stays in one. Three keep two processors busy, since many
# tests wait for processes that they started.
JOBS ?= 3

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(STAMP) ## make .venv and install the kernel and its pinned packages into it

$(STAMP): pyproject.toml constraints.txt kernel.json scripts/make_venv.py
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found." >&2; exit 1; }
	@$(PYTHON) scripts/make_venv.py $(VENV)

# Bytecode beside the sources: a kernel starts in half the time.
compiled: venv
	@$(RUN) -m compileall -q lispe_kernel

demo: compiled ## run notebooks/tour.ipynb through the kernel and write build/tour.html
	@$(RUN) scripts/demo.py notebooks/tour.ipynb build/tour.html
	@echo "To work in the same notebook in JupyterLab: make lab"

lint: style types ## check style, floors and types

style: venv
	@echo "== ruff: style and likely defects"
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@echo "== import-linter: no floor imports from above"
	@$(VENV)/bin/lint-imports --no-cache

types: venv
	@echo "== mypy: the public API, strictly"
	@$(VENV)/bin/mypy

# Processes keep the processors busy. Threads of PyTorch besides wait for each other in each of them: under load the
# notebooks took four times as long.
test suite test-language test-long test-lowest: export OMP_WAIT_POLICY := PASSIVE
test suite test-language test-long test-lowest: export OMP_NUM_THREADS := 1
test-lowest: export JOBS := $(JOBS)

# Types take one process a minute: they are checked beside the suite.
test: style compiled ## run the whole suite, notebooks included
	@$(MAKE) --no-print-directory -j2 types suite
	@echo "== nbval: every notebook, cell by cell"
	@$(RUN) -m pytest -n $(JOBS) --dist loadfile --nbval notebooks --nbval-sanitize-with tests/nbval_sanitize.cfg \
		--lispe-numeric-tolerance 1e-3
	@$(RUN) -m scripts.chromium

suite: compiled
	@echo "== pytest: the suite, in $(JOBS) processes"
	@$(PYTEST) -n $(JOBS) --dist loadfile

# Its tests wait for nobody, and each process collects them all.
test-language: compiled ## run the tests of the language alone
	@$(PYTEST) -q -n 2 --dist loadfile tests/language tests/library tests/conformance -k "not torch"

# The lowest versions have no builds for the newest Python.
test-lowest: ## run the suite with the lowest version that pyproject.toml allows of each dependency
	@$$(command -v python3.11 || echo "$(PYTHON)") -m scripts.lowest

# What fails is kept in build/hypothesis and tried first the next time; the seed that is printed repeats a run.
PROGRAMS ?= 5000
test-long: SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))
test-long: venv ## try the properties with many new examples; SEED=number repeats a run
	@echo "== hypothesis: new examples; make test-long SEED=$(SEED) repeats them"
	@$(RUN) -m pytest -m hypothesis --hypothesis-profile=long --hypothesis-seed=$(SEED) -o timeout=3600
	@echo "== oracle: $(PROGRAMS) new programs from seed $(SEED)"
	@$(RUN) -m tests.oracle.compare --count $(PROGRAMS) --seed $(SEED) --show --minimise

# BASE: what changes are counted from. MUTATE: options of scripts/mutate.py, such as files in place of changes.
BASE ?= HEAD~1
mutate: venv ## put small faults into the lines that changed since BASE and print those no test notices
	@$(RUN) -c 'import mutmut' 2>/dev/null || $(RUN) -m pip install -q -c constraints.txt --no-build-isolation -e '.[mutate]'
	@nice $(RUN) -m scripts.mutate --base $(BASE) $(MUTATE)

# ARGS: options for JupyterLab, such as --no-browser --ip 0.0.0.0. It refuses to run as root unless told to, and in a
# container one is root.
lab: compiled ## open notebooks/tour.ipynb in JupyterLab; ARGS="--no-browser" and the like are passed on
	@$(VENV)/bin/jupyter trust notebooks/*.ipynb > /dev/null  # their pages come with style and script
	@$(VENV)/bin/jupyter lab notebooks/tour.ipynb $(if $(filter 0,$(shell id -u)),--allow-root) $(ARGS)

bench: compiled ## measure the kernel against its alternatives, as ratios
	@$(RUN) -m benchmarks.run

docs: venv ## build the documentation, notebooks included, into build/docs
	@$(RUN) -m scripts.build_docs

pages: venv ## write the pages of functions, of the Python side and the gallery from the code
	@$(RUN) -m scripts.write_functions
	@$(RUN) -m scripts.write_api
	@$(RUN) -m scripts.write_gallery

check-pages: venv
	@$(RUN) -m scripts.write_functions --check
	@$(RUN) -m scripts.write_api --check
	@$(RUN) -m scripts.write_gallery --check

release-check: venv ## build wheel and sdist into dist/, install each in an environment of its own, ask it to answer
	@$(RUN) -m scripts.release_check

clean: ## remove what the other commands made, but for .venv
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
