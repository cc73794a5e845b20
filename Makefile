# What a person types here. `make` alone says what there is.
PYTHON ?= python3
BIN := .venv/bin
set_up = $(PYTHON) scripts/set_up.py

.DEFAULT_GOAL := help
.PHONY: help quickstart up doctor test soak bench studio check-studio check check-format check-lint check-types check-imports check-docs fix starter clean
# Targets share .venv, so one at a time, also under make -j.
.NOTPARALLEL:

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

quickstart: ## set up, then check data, fine-tune the built-in model, and see what changed
	@$(set_up)
	@$(BIN)/tunesmith quickstart

up: ## set up, then run the platform here: API, worker and serving process; UP="--port 9000" passes options
	@$(set_up)
	@$(BIN)/tunesmith up $(UP)

doctor: ## what this machine has, and whether the engine computes right on it: every check
	@$(set_up)
	@$(BIN)/tunesmith doctor --whole

test: ## the tests, against the reference libraries, an S3 server and a browser too
	@$(set_up) --groups test,s3-server,parity,browser
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

soak: ## the tests that take minutes
	@$(set_up) --groups test,s3-server,parity
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m soak --timeout 3600

bench: ## speed and memory beside TRL and transformers; BENCH="--rounds 1" passes options, see bench/README.md
	@$(set_up) --groups bench
	@$(BIN)/python bench/train.py $(BENCH)
	@$(BIN)/python bench/generate.py
	@$(BIN)/python bench/cold_start.py
	@$(BIN)/python bench/tricks.py

studio: ## build the Studio into src/tunesmith/api/studio_assets, with the types of the API; brings Node along
	@$(set_up) --groups studio
	@$(BIN)/python scripts/build_studio.py --install
	@$(BIN)/python scripts/write_studio_types.py
	@$(BIN)/python scripts/build_studio.py

check-studio: ## the Studio: its types, its logic, and that what is committed is what its sources give
	@$(set_up) --groups studio,browser,test
	@$(BIN)/python scripts/build_studio.py --install
	@TUNESMITH_REQUIRE=studio $(BIN)/python -m pytest tests/studio/test_build.py

check: ## format, lint, types, import rules, docs in step; under a minute
	@$(set_up) --groups lint,test
	@$(MAKE) --no-print-directory --keep-going check-format check-lint check-types check-imports check-docs

check-format:
	@$(BIN)/ruff format --check --quiet --output-format concise . || { echo "make fix mends this"; exit 1; }
	@echo "format: good"

check-lint:
	@$(BIN)/ruff check --quiet --output-format concise .
	@echo "lint: good"

check-types:
	@$(BIN)/mypy --no-error-summary
	@echo "types: good"

check-imports:
	@$(BIN)/lint-imports --no-logo > .venv/lint-imports.txt 2>&1 || { cat .venv/lint-imports.txt; exit 1; }
	@echo "imports: good"

check-docs:
	@$(BIN)/python -m pytest -p no:cacheprovider tests/test_docs.py tests/test_structure.py

fix: ## format, and mend what lint can mend
	@$(set_up) --groups lint
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

starter: ## pretrain the built-in model anew, by its recipe; CORPUS=DIR holds the books
	@$(set_up)
	@$(BIN)/python -m tunesmith.starter.pretrain --work runs/starter --install $(if $(CORPUS),--corpus "$(CORPUS)")

clean: ## remove .venv, caches, and what the quickstart wrote
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist runs/quickstart studio/node_modules
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
