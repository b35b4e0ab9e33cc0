# Fulcast. `make help` lists what there is; every target sets up what it needs.
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BESIDE ?= e2e or systems or long

.DEFAULT_GOAL := help
.PHONY: help run test systems spark check dagster dashboard bench metrics lock clean

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1|/' | column -t -s '|'

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Fulcast needs Python 3.11 or newer; install it and run make again."; exit 2; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(INSTALLED) ## the whole path on the built-in demo merchant: files in, a reorder list out
	@$(BIN)/fulcast run

test: $(INSTALLED) ## the tests; what this machine lacks is skipped and named
	@$(BIN)/python -m pytest -rs -n 2 --dist loadfile --no-loadscope-reorder -m "not e2e and not systems and not long"
	@echo "Not among them: the pages in a real browser, what stands beside other systems, and the longest runs (make systems)."

systems: $(INSTALLED) ## the other tests: pages in a real browser, channels under faults, the longest runs, Spark's protocol, Shopify's schema, a real Vendure shop
	@$(BIN)/python -m pytest -rs -n 2 --dist loadfile --no-loadscope-reorder -m "$(BESIDE)"

spark: $(INSTALLED) ## what the tests of Spark's protocol need, beside the rest
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock

check: $(INSTALLED) ## format, lint, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_architecture.py

dagster: $(INSTALLED) ## the graph of every step, at http://127.0.0.1:3000
	@$(BIN)/fulcast dagster

dashboard: $(INSTALLED) ## the pages, at http://127.0.0.1:8501
	@$(BIN)/fulcast dashboard

bench: $(INSTALLED) ## every figure beside its peer, into benchmarks/output
	@$(BIN)/python -m benchmarks

metrics: $(INSTALLED) ## write docs/metrics.md from the registry
	@$(BIN)/python -m pipelines.metrics.dictionary > docs/metrics.md

lock: ## pin the newest versions that fit
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras -o requirements.lock
	uv pip compile pyproject.toml --extra dev --extra spark --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras -c requirements.lock -o requirements-spark.lock

clean: ## removes the demo merchant's data and everything made of it
	rm -rf data/demo data/landing data/snapshots data/exports data/outbox data/dagster data/warehouse.* data/outbox.sqlite*
