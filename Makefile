# `make help` lists what there is. Needed: Python 3.11 or newer, and make.

PYTHON ?= python3
PORT ?= 8000
SPEC ?= docs/specs/demo.yaml
BIN := .venv/bin
# Where the CPU build of torch is found, if not on the usual package index (see README).
LEHIA_PIP_EXTRA_INDEX ?=
export LEHIA_PIP_EXTRA_INDEX

# Packages are installed without bytecode. Where none may be written, each process would compile them anew, for seconds.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run engine training demo-training web dev test test-fast lint lint-ruff lint-types lint-imports lint-templates lint-messages \
	lint-migrations format bench-ranking bench-matchmaking bench-large-campaign bench-streaming messages lock lock-training lock-engine clean python-is-new

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

python-is-new:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Lehia needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Set PYTHON=…"; exit 1; }

run: python-is-new ## set up everything and serve it on 127.0.0.1:$PORT, with the models of $SPEC
	@$(PYTHON) -m tools.run --port $(PORT) --spec $(SPEC)

engine: python-is-new ## install vLLM into .venv-engine and make the demo's model
	@$(PYTHON) -m inference.engine.environment --extra-index "$(LEHIA_PIP_EXTRA_INDEX)"
	@$(PYTHON) -m inference.engine.demo_model

web: python-is-new ## install what running needs into .venv
	@$(PYTHON) -m tools.venv web

training: python-is-new ## install what making models needs into .venv-training
	@$(PYTHON) -m tools.venv training --extra-index "$(LEHIA_PIP_EXTRA_INDEX)"

demo-training: training engine ## make, judge and register small models, from instructions to a matchup (half an hour)
	@.venv-training/bin/python -m tools.demo_training

dev: python-is-new ## install what tests and checks need into .venv
	@$(PYTHON) -m tools.venv dev

test: dev messages-compiled ## everything: SQLite first, then PostgreSQL, Redis, RabbitMQ, a browser and vLLM
	@$(MAKE) --no-print-directory engine || [ -z "$$CI" ]
	@$(MAKE) --no-print-directory training || [ -z "$$CI" ]
	@$(BIN)/python -m tools.tests all

test-fast: dev messages-compiled ## what needs none of those, in under a minute
	@$(BIN)/python -m tools.tests fast

.PHONY: messages-compiled
messages-compiled: dev
	@$(BIN)/python tools/messages.py compile

lint: lint-ruff lint-types lint-imports lint-templates lint-messages lint-migrations ## every check that runs nothing

lint-ruff: dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

lint-types: dev
	@$(BIN)/mypy

lint-imports: dev
	@$(BIN)/lint-imports

lint-templates: dev
	@$(BIN)/djlint --lint --quiet templates

lint-messages: dev
	@$(BIN)/python tools/messages.py check

lint-migrations: dev
	@$(BIN)/python manage.py makemigrations --check --dry-run --verbosity 1

format: dev ## put the code into its form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench-ranking: dev ## time rankings, ours and others' (ten minutes)
	@$(BIN)/python -m bench.ranking

bench-matchmaking: dev ## compare the ways of choosing the next pair (no services; minutes)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.matchmaking

bench-large-campaign: dev ## rank a campaign of a million votes, and time its pages (needs a database of its own; minutes)
	@DJANGO_SETTINGS_MODULE=config.settings LEHIA_LOG_LEVEL=WARNING OMP_NUM_THREADS=1 $(BIN)/python -m bench.large_campaign

bench-streaming: dev ## measure what the arena adds to a stream (needs PostgreSQL and Redis; a quarter of an hour)
	@$(BIN)/python -m bench.streaming

messages: dev ## bring the message catalogues in step with the code
	@$(BIN)/python tools/messages.py extract

lock: ## pin the web's and the tests' packages anew (needs uv)
	uv pip compile pyproject.toml --generate-hashes --universal --python-version 3.11 --no-header -q -o requirements/web.txt
	uv pip compile pyproject.toml --group dev --generate-hashes --universal --python-version 3.11 --no-header -q \
		-o requirements/dev.txt

# Which build of torch there is, and with which CUDA, is the machine's affair.
CUDA := cuda-bindings cuda-pathfinder cuda-toolkit triton $(addprefix nvidia-,cublas cuda-cupti cuda-nvrtc cuda-runtime \
	cudnn-cu13 cufft cufile curand cusolver cusparse cusparselt-cu13 nccl-cu13 nvjitlink nvshmem-cu13 nvtx)

lock-training: ## pin training's packages anew (needs uv)
	sed 's/+cpu//' requirements/engine-torch.txt | uv pip compile pyproject.toml --extra training --group dev \
		--constraint requirements/dev.txt --constraint - --generate-hashes --universal --python-version 3.11 --no-header \
		--no-annotate -q -o requirements/training.txt --no-emit-package torch $(addprefix --no-emit-package ,$(CUDA))

lock-engine: ## pin the engine's packages anew (needs uv)
	uv pip compile requirements/engine.in --constraint requirements/engine-torch.txt --generate-hashes --universal \
		--python-version 3.11 --no-header --no-annotate -q -o requirements/engine.txt \
		--no-emit-package torch --no-emit-package torchvision --no-emit-package torchaudio --no-emit-package torchcodec

clean: ## remove what can be made again; the database, the engine and the models stay
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache var/static var/stamps
	find arena config inference ranking tests tools training -name __pycache__ -type d -prune -exec rm -rf {} +
