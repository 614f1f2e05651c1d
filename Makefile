# Everything that a newcomer does here begins with make. Nothing is needed but Python 3.11 or newer;
# what is installed goes into .venv, from the lock files, with its hashes checked.

PYTHON ?= python3
BIN    := .venv/bin
TESTS  ?=

# Compiled once and kept, whatever an environment says: tests and service start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

# What .venv is made from, and the marks that say it was: the lock files with the package's own
# description. A mark in the other's wake: what the tests need includes what the service needs.
RUNTIME     := .venv/.made-for-running
DEVELOPMENT := .venv/.made-for-testing

# An environment that was moved, or whose Python has gone, is rebuilt.
IS_SOUND := $(shell .venv/bin/python -c '' 2>/dev/null && \
  grep -qF '$(CURDIR)/.venv' .venv/bin/activate 2>/dev/null && echo yes)
ifneq ($(IS_SOUND),yes)
.PHONY: $(RUNTIME) $(DEVELOPMENT)
endif

# $(call stage,what is done,command): say it, do it, and tell how long it took.
define stage
@printf '\n== %s\n' '$(1)'; began=$$(date +%s); \
if $(2); then printf '== done in %s s\n' $$(( $$(date +%s) - began )); \
else printf '== FAILED after %s s: %s\n' $$(( $$(date +%s) - began )) '$(1)' >&2; exit 1; fi
endef

.DEFAULT_GOAL := help
.PHONY: help run quick test soak check style types contracts tests format lock bench simulate chaos strace failover clean
.NOTPARALLEL:

help: ## show this list
	@printf 'make TARGET, where TARGET is one of\n\n'
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1@\2/p' Makefile | while IFS=@ read -r name what; do \
	  printf '%-10s %s\n' "  $$name" "$$what"; done

run: $(RUNTIME) ## set everything up and serve on http://127.0.0.1:8080 (Ctrl-C ends it)
	@exec $(BIN)/varsel up --development

quick: $(DEVELOPMENT) ## the loop: test the domain, the use cases and the stories in memory (under a minute)
	$(call stage,quick tests (under a minute),$(BIN)/python -m pytest -m 'not soak and not service and not postgres' \
	  tests/domain tests/application tests/architecture tests/scenarios $(TESTS))

test: $(DEVELOPMENT) ## set everything up, check, and test all that takes no minutes (six minutes; TESTS="-k word" for some)
	@$(MAKE) --no-print-directory check tests

soak: $(DEVELOPMENT) strace ## test the rest: whole installations, kills, millions of steps (twenty minutes)
	$(call stage,soak (twenty minutes),$(BIN)/python -m pytest -m soak $(TESTS))

check: style types contracts ## check style, types and the direction of imports

style: $(DEVELOPMENT)
	$(call stage,style (seconds),$(BIN)/python -m ruff format --quiet --check . && $(BIN)/python -m ruff check --quiet .)

types: $(DEVELOPMENT)
	$(call stage,types (half a minute the first time),$(BIN)/python -m mypy)

contracts: $(DEVELOPMENT) ## check which way imports point, and count rooms and arrows (ARROWS=--arrows lists them)
	$(call stage,imports point inwards (seconds),$(BIN)/lint-imports --no-logo)
	@$(BIN)/python -m tests.architecture.rooms $(ARROWS)

tests: $(DEVELOPMENT) strace
	$(call stage,tests (five minutes on two cores),$(BIN)/python -m tests.sides $(TESTS))

# By it a worker is killed at chosen system calls; a fresh machine may not have it.
strace:
	@command -v strace > /dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -qq -y strace > /dev/null; } \
	  || { printf '%s\n' 'strace is missing: install it with your system, as in: apt-get install strace' >&2; exit 1; }

format: $(DEVELOPMENT) ## rewrite the code in the project's style
	@$(BIN)/python -m ruff check --quiet --fix-only . && $(BIN)/python -m ruff format .

simulate: $(DEVELOPMENT) ## simulate what can go wrong (STEPS=1000000; SEED=7 for one history again)
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--steps $(or $(STEPS),1000000))

chaos: $(DEVELOPMENT) ## kill everything under load (ORDERS=100000 SEED=1), and count what was lost or doubled
	@$(BIN)/python -m tests.chaos --orders $(or $(ORDERS),100000) --seed $(or $(SEED),1)

failover: $(DEVELOPMENT) ## fail a Patroni cluster over in every way, as root (FAULTS=kill,cut30 STRICT=1)
	@$(BIN)/python -m tests.failover $(if $(FAULTS),--faults $(FAULTS)) $(if $(STRICT),--strict)

bench: $(DEVELOPMENT) ## measure the service against its yardsticks
	@$(BIN)/python -m benchmarks

lock: ## write the lock files to fit pyproject.toml (UPGRADE=--upgrade for the newest of all)
	$(check_python)
	$(call stage,lock files (half a minute),$(PYTHON) -m venv --clear .venv/lock \
	  && .venv/lock/bin/python -m pip install --quiet --disable-pip-version-check '$(UV)' \
	  && $(LOCK) pyproject.toml -o requirements.lock \
	  && $(LOCK) --group pyproject.toml:dev pyproject.toml -o requirements-dev.lock)
	@rm -rf .venv/lock

UV      := uv>=0.9,<1
UPGRADE ?=
LOCK     = .venv/lock/bin/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 \
  --generate-hashes --no-annotate --custom-compile-command "make lock" --group pyproject.toml:build

clean: ## remove what can be made again; the data in var/ stays
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment.

define check_python
@command -v '$(PYTHON)' >/dev/null 2>&1 || { \
  echo 'There is no $(PYTHON) here: install Python 3.11 or newer, or name it: make PYTHON=...' >&2; \
  exit 1; }
@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
  echo "Python 3.11 or newer is needed, and $(PYTHON) is $$('$(PYTHON)' -V 2>&1):" \
    'name a newer one, as in make PYTHON=python3.11' >&2; exit 1; }
@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || { \
  echo 'This Python cannot make environments: install its venv package' \
    '(Debian, Ubuntu: apt install python3-venv) and try again.' >&2; exit 1; }
endef

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# $(call environment,lock file): install what the lock names, and the package itself as it stands.
define environment
$(if $(IS_SOUND),,$(check_python))
$(call stage,environment of $(1) (a minute the first time),\
  $(if $(IS_SOUND),:,'$(PYTHON)' -m venv --clear .venv) \
  && $(PIP) --require-hashes -r $(1) \
  && $(PIP) --no-deps --no-build-isolation -e .)
endef

$(RUNTIME): requirements.lock pyproject.toml
	$(call environment,requirements.lock)
	@touch $(RUNTIME)

$(DEVELOPMENT): requirements-dev.lock pyproject.toml
	$(call environment,requirements-dev.lock)
	@touch $(RUNTIME) $(DEVELOPMENT)
