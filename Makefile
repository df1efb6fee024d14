# Doorstep: the commands that a developer types. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test bench reset-demo generate sbom clean

# Where `make run` listens, and what it keeps its demonstration in.
export LISTEN ?= 127.0.0.1:8470
export DEMO ?= .doorstep/demo

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: ## Start a demonstration server on this machine, until Ctrl-C
	@setup/run

test: ## Check everything that must hold before a change is taken in
	@setup/test

bench: ## Measure how fast the parts are
	@setup/install run
	@cargo bench --locked -p doorstep-benches

reset-demo: ## Throw the demonstration's data away; the next `make run` starts afresh
	@setup/reset-demo

generate: ## Write again what is generated: schema/events, schema/api, tables and examples in docs
	@setup/generate

sbom: ## List every crate that the command is built from (CycloneDX), in doorstep.cdx.json
	@setup/sbom > doorstep.cdx.json

clean: ## Remove what was built; keeps the demonstration
	@cargo clean
