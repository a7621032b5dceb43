# Every task by name; `make help` lists them. `make demo` and `make test` set up what they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: init
init: $(READY) ## Set up the virtual environment (mlops is then .venv/bin/mlops)

.PHONY: demo
demo: init ## The whole path in a sandbox: no AWS account, real Terraform
	@$(BIN)/mlops demo examples/byom_realtime_builtin.yaml --platform examples/platform.yaml \
	  --report build/demo-report.json

.PHONY: test
test: init lint ## Everything that CI checks: two workers, but one for the end-to-end tests' one platform
	@$(BIN)/python -m pytest tests --ignore=tests/e2e --ignore-glob='tests/terraform/test_*_runs.py' --numprocesses=2 --dist=loadgroup --quiet
	@$(BIN)/python -m pytest tests/e2e

.PHONY: test-modules
test-modules: init ## Pipeline modules alone with plain Terraform in a sandbox: applied, run, made to fail, destroyed (long)
	@$(BIN)/python -m pytest tests/terraform/test_*_runs.py --numprocesses=2 --dist=loadgroup

.PHONY: fidelity
fidelity: init ## Hold everything that is emitted against AWS's public definitions; see docs/fidelity.md
	@$(BIN)/python -m tools.fidelity

.PHONY: lint
lint: init ## Formatting, lint and types
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@terraform fmt -check -recursive -diff .

.PHONY: fmt
fmt: init ## Format Python and Terraform
	@$(BIN)/ruff check --fix .
	@terraform fmt -recursive .

.PHONY: generate
generate: init ## Write environments/ from the example platform and configs
	@$(BIN)/mlops generate examples/byom_realtime_builtin.yaml --platform examples/platform.yaml

.PHONY: docs
docs: init ## Write docs/config, docs/errors.md, docs/schema and the modules' tables
	@$(BIN)/python tools/docs.py
	@$(BIN)/python tools/module_tables.py

.PHONY: golden
golden: init ## Write tests/golden anew: what configs become, byte for byte
	@$(BIN)/python -m tests.unit.generator.golden

.PHONY: bench
bench: init ## Measure speed as ratios within one run; writes benchmarks/results.md
	@$(BIN)/python benchmarks/run.py

.PHONY: package
package: init ## Write the orchestrator's Lambda package to build/
	@$(BIN)/mlops package --platform examples/platform.yaml
