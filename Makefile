# Each of these installs what the machine lacks for it, says so, and does it once.
# Their own tools come first on PATH: .build/env.
SHELL := /bin/sh
IN := . .build/env;
.DEFAULT_GOAL := help

help:
	@echo 'make run      build the release and start it: http://127.0.0.1:3000   (ARGS="--source …")'
	@echo 'make cluster  three of them as one, on this machine, with made-up posts; Ctrl-C ends all   (ARGS=…)'
	@echo 'make watch    build for development, again after every change, and reload the page'
	@echo 'make test     all that must hold: check, unit, leptos, e2e'
	@echo '  check       formatting, clippy for the server and for the page, who may depend on whom'
	@echo '  unit        the tests of the packages, and of the program from outside'
	@echo '  leptos      the release by cargo-leptos, compared with the one of `make run`'
	@echo '  e2e         the page in Chromium, against the release that was built last'
	@echo 'make fuzz     bytes that break what reads them, looked for: a minute each   (SECONDS=… ARGS="line key")'
	@echo 'make soak     all sources, faults, restarts and 500 pages for two hours   (MINUTES=…)'
	@echo 'make torture  kills of the processes of a cluster, for ten minutes   (MINUTES=… or KILLS=…)'
	@echo 'make bench    how fast it is, as one table, what a browser loads and how busy it is   (ARGS=--quick: a tenth)'
	@echo 'make release  build the release only: target/release/tagtide, with the page in it'
	@echo 'make dist     the release to give away, in target/dist: an archive, a package for Debian, sums'
	@echo 'make package  that package installed, upgraded and purged, in a copy of this machine; as root'
	@echo 'make clean    remove what was built; the tools stay in ~/.cache/tagtide'

run: release
	@$(IN) exec target/release/tagtide $(ARGS)

cluster: release
	@$(IN) exec node .build/cluster.mjs target/release/tagtide $(ARGS)

release:
	@.build/setup node toolchain
	@$(IN) exec node .build/site.mjs

dist:
	@.build/setup node toolchain
	@$(IN) exec .build/dist

package: release
	@$(IN) exec server/package/test target/release/tagtide

watch:
	@.build/setup watch
	@$(IN) exec cargo leptos watch

# What is quick to install comes first, so that what cannot be had is known at once.
test:
	@.build/setup node toolchain lint python networks schemathesis promtool machines chromium end2end
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory leptos
	@$(MAKE) --no-print-directory e2e
	@echo 'All passed: formatting, clippy (native and wasm32), layers, licences, unit and integration tests, the release build, the browser.'

# `frontend` is built for wasm32 alone: beside the server it would unite `ssr` and `hydrate`.
check:
	@.build/setup toolchain std lint node
	$(IN) cargo fmt --all --check
	$(IN) node .build/layers.mjs
	$(IN) node .build/licences.mjs
	$(IN) cargo clippy --workspace --exclude frontend --all-targets -- -D warnings
	$(IN) cargo clippy --package frontend --target wasm32-unknown-unknown -- -D warnings

unit:
	@.build/setup toolchain python node networks schemathesis promtool machines
	$(IN) cargo test --workspace --exclude frontend

leptos:
	@.build/setup watch
	$(IN) cargo leptos build --release --precompress
	$(IN) node .build/site.mjs --compare

e2e:
	@.build/setup node chromium end2end
	cd end2end && npx playwright test

bench: release
	@.build/setup toolchain end2end
	@$(IN) cargo bench --package server --bench speed -- $(ARGS)
	@$(IN) node end2end/weight.mjs
	@$(IN) node end2end/effort.mjs

SECONDS := 60
fuzz:
	@.build/setup toolchain fuzz
	@$(IN) exec server/fuzz/run $(SECONDS) $(ARGS)

# The same test is in `unit` for some seconds.
soak: MINUTES := 120
soak:
	@.build/setup toolchain
	@$(IN) TAGTIDE_SOAK=$(MINUTES) cargo test --release --package server --test it soak -- --nocapture

# A round of it is in `unit`.
torture: MINUTES = $(if $(KILLS),0,10)
torture:
	@.build/setup toolchain
	@$(IN) TAGTIDE_TORTURE=$(MINUTES) TAGTIDE_TORTURE_KILLS=$(or $(KILLS),0) cargo test --package server --test it cluster_torture -- --nocapture

clean:
	rm -rf target server/fuzz/target end2end/node_modules end2end/test-results end2end/playwright-report
	rm -rf server/engine/tests/differential/node_modules server/tests/mastodon/node_modules server/tests/webhooks/node_modules
	rm -rf server/tests/described/packages

.PHONY: help run release dist package watch test check unit leptos e2e bench fuzz soak torture cluster clean
