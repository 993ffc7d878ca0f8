# Set them as in `make serve HOST=0.0.0.0`; some shells export a HOST that means something else.
HOST = $(or $(JAXERCISE_HOST),127.0.0.1)
PORT ?= $(or $(JAXERCISE_PORT),8000)
# Node.js may come from .venv where the machine has none.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup serve test exhaustive lint format proofs reference lock clean

help: ## Show the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 16

setup: ## Install everything, for serving and for tests
	@scripts/setup test

serve: ## Install what serving needs and serve on HOST:PORT
	@scripts/setup serve
	@exec .venv/bin/jaxercise serve --host $(HOST) --port $(PORT)

test: setup ## Run every test
	@scripts/test $(PYTEST_ARGS)

exhaustive: setup ## Run what takes hours, in parts; as in PARTS="fuzz flax" MINUTES=30
	@.venv/bin/python -m tests.exhaustive.run $(PARTS) --minutes $(or $(MINUTES),0)

lint: setup ## Check style, types and the layers of imports
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@npm run --silent typecheck

format: setup ## Format and fix what can be fixed
	@.venv/bin/ruff format
	@.venv/bin/ruff check --fix

proofs: setup ## Prove every problem, as far as something has changed, and write its record
	@.venv/bin/jaxercise validate --record docs/proofs/problems

reference: setup ## Write docs/reference/ from the code
	@.venv/bin/python -m docs.reference.generate

lock: setup ## Renew the lock files; UPGRADE=--upgrade takes the newest versions
	@scripts/lock $(UPGRADE)

clean: ## Remove what setup and the tools made; var/ with your data stays
	@rm -rf .venv node_modules app/web/static/dist *.egg-info
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
