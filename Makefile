# The FICTRA twin. `make run` and `make test` do all the set-up themselves, once.
# PYTHON=/path/to/python chooses the Python, ARGS=... goes to the command, ENGINE=no skips the crate.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?=
ENGINE ?=
ARGS ?=
export PYTHON ENGINE

venv := .venv/bin
crate := $(wildcard engine/Cargo.toml engine/crates.lock engine/pyproject.toml) \
         $(shell find engine/src -name '*.rs' 2>/dev/null)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.installed: requirements.lock pyproject.toml scripts/setup scripts/python
	@scripts/setup

.venv/.engine: .venv/.installed scripts/engine $(crate)
	@scripts/engine

.PHONY: setup
setup: .venv/.engine ## the virtual environment and, where cargo is, the fast engine
	@:

.PHONY: run
run: setup ## run the baseline scenario (ARGS="--until 1d")
	@$(venv)/twin run baseline $(ARGS)

.PHONY: test
test: setup ## the tests (ARGS="-n 2 -k chain")
	@$(venv)/python -m pytest $(ARGS)

.PHONY: nightly
nightly: setup ## what takes too long for every change: whole scenarios on both engines, large budgets, bench
	@scripts/nightly

.PHONY: peers
peers: setup ## what `twin bench engines` is measured against: verbs, simular-evm, pyrevm, anvil
	@scripts/peers

.PHONY: bench
bench: setup ## measure speed (ARGS="engines --rounds 5"); `make peers` first for all peers
	@$(venv)/twin bench $(ARGS)

.PHONY: check
check: setup ## format, lint, types, import directions, file lengths
	@scripts/check

.PHONY: fix
fix: setup ## what ruff can put right by itself
	@scripts/fix

contracts_abi/node_modules/.package-lock.json: contracts_abi/package.json contracts_abi/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: apt-get install nodejs npm" >&2; exit 1; }
	@npm --prefix contracts_abi ci
	@touch $@

.PHONY: contracts
contracts: contracts_abi/node_modules/.package-lock.json ## compile contracts_abi/src to artifacts
	@npm --prefix contracts_abi run build

.PHONY: contracts-check
contracts-check: contracts_abi/node_modules/.package-lock.json ## prove that the artifacts are byte-identical to a rebuild
	@npm --prefix contracts_abi run check

.PHONY: lock
lock: setup ## write the locks anew (ARGS=--upgrade for newer versions)
	@scripts/lock $(ARGS)

.PHONY: wheel
wheel: setup ## build the wheel into dist/
	@$(venv)/python -m build --wheel --no-isolation --outdir dist

.PHONY: clean
clean: ## remove what tools left behind; keeps .venv and runs/
	@rm -rf build dist nightly .pytest_cache .mypy_cache .ruff_cache .hypothesis junit.xml .coverage
	@find . -name __pycache__ -not -path './.venv/*' -not -path '*/node_modules/*' -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## also remove .venv, node_modules and the engine's build
	@rm -rf .venv contracts_abi/node_modules peers/node_modules engine/target
