# Formwork. `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

BIN     := bin/formwork
DATA    ?= data
LISTEN  ?= 127.0.0.1:8080
# Demonstration records that the first start makes, about.
SIZE    ?= 2000
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO      ?= go
# All that is compiled is compiled as the program is, the programs that tests build too, so that
# the compiler works once for them.
export GOFLAGS := -trimpath $(GOFLAGS)
# Modules of their own, tested besides the product's.
MODULES := $(patsubst %/go.mod,%,$(wildcard test/*/go.mod))
# go test does not see that files outside of a module changed, which these modules read.
UNCACHED = $(if $(filter test/deploy,$@),-count=1)
# The longest first, so that none of them ends alone.
PACKAGES ?= ./test/e2e ./engine/record ./...
# The race detector needs a C compiler; without one the tests run without it. It does not look
# into SQLite, which is C translated into Go and locks its memory itself: with it tests of what
# is stored take three times as long.
RACE    ?= $(if $(filter 1,$(shell $(GO) env CGO_ENABLED 2>/dev/null)),-race '-gcflags=modernc.org/...=-race=false')
# A client in TypeScript is generated and used here.
CLIENT  := test/client
# The web application, which the program embeds.
UI      := admin-ui
PAGES   := $(UI)/dist/index.html
# npm writes this file in a folder when it is done there.
READY   := node_modules/.package-lock.json
# Not in go.mod: a tool of its own, which the program neither needs nor carries.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: modules $(CLIENT)/$(READY) $(UI)/$(READY) ## fetch what the build and the tests need

.PHONY: modules
modules:
	@$(GO) version >/dev/null 2>&1 || { echo "Go 1.26 or later is needed: https://go.dev/dl" >&2; exit 1; }
	@$(GO) mod download
	@for m in $(MODULES); do (cd $$m && $(GO) mod download) || exit 1; done

%/$(READY): %/package-lock.json
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(+a > 20 || a == 20 && +b >= 19 ? 0 : 1)' 2>/dev/null || \
		{ echo "Node.js 20.19 or later is needed: https://nodejs.org" >&2; exit 1; }
	@cd $* && npm ci --no-progress && touch $(READY)

$(PAGES): $(UI)/$(READY) $(wildcard $(addprefix $(UI)/,package.json vite.config.ts index.html build/*)) $(shell find $(UI)/src -type f 2>/dev/null)
	@cd $(UI) && npm run --silent build

.PHONY: build
build: modules $(PAGES) ## build bin/formwork
	@CGO_ENABLED=0 $(GO) build -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN) ./cmd/formwork

.PHONY: run
run: build ## build and serve ./data, with demonstration data at the first start; prints address and first login
	@exec $(BIN) serve --data $(DATA) --listen $(LISTEN) --demo $(SIZE)

.PHONY: ui
ui: $(UI)/$(READY) ## serve the sources of the web application with hot reload, over a program at FORMWORK_URL (http://127.0.0.1:8080)
	@cd $(UI) && npm run --silent dev

.PHONY: check-ui
check-ui: build ## types, lint and unit tests of the web application
	@cd $(UI) && npm run --silent check && FORMWORK=$(abspath $(BIN)) npm run --silent types -- --check && npm run --silent unit

.PHONY: test-ui
test-ui: check-ui browse ## check-ui, and what people do in a browser, which is installed where there is none

.PHONY: browse
browse: build
	@cd $(UI) && FORMWORK=$(abspath $(BIN)) npm run --silent e2e

.PHONY: measure-ui
measure-ui: build ## measure the pages in a browser, on a list of 100,000 records; ROWS=…
	@cd $(UI) && FORMWORK=$(abspath $(BIN)) FORMWORK_UI_ROWS=$(or $(ROWS),100000) node --test e2e/hard.test.mjs e2e/measure.test.mjs

.PHONY: screenshots
screenshots: build ## take the pictures of docs/screens.md
	@cd $(UI) && FORMWORK=$(abspath $(BIN)) node e2e/screenshots.mjs

.PHONY: quick
quick: ## formatting, vet and the short tests of what a change touches; BASE=…
	@GO="$(GO)" .ci/quick $(BASE)

.PHONY: test
test: setup vet ## every test, after formatting and go vet
	$(GO) test $(RACE) -timeout 15m $(PACKAGES)
	$(GO) test ./engine/mail # what is skipped where the race detector is on, which finds a fault of a library
	@$(MAKE) --no-print-directory -j 3 -O $(MODULES) $(CLIENT) check-ui # some wait for much of their time
	@$(MAKE) --no-print-directory browse

.PHONY: $(MODULES)
$(MODULES):
	@echo "testing $@" && cd $@ && CGO_ENABLED=0 $(GO) vet ./... && CGO_ENABLED=0 $(GO) test $(UNCACHED) -timeout 15m ./...

.PHONY: $(CLIENT)
$(CLIENT):
	@echo "testing $@" && cd $@ && GO=$(GO) npm test

# What makes a difference to rooms above the store. A server is started elsewhere.
.PHONY: test-mongodb
test-mongodb: modules ## the tests of all rooms on the MongoDB at FORMWORK_TEST_MONGODB_URI, a replica set
	@test -n "$$FORMWORK_TEST_MONGODB_URI" || { echo "Set FORMWORK_TEST_MONGODB_URI to a server; docs/storage.md says how to get one." >&2; exit 1; }
	$(GO) test -count 1 -p 1 -timeout 2h ./engine/... ./plugins/... ./workflows/... ./examples/... ./cmd/... ./test/e2e

.PHONY: vet
vet: modules ## formatting and go vet
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted (run gofmt -w):" >&2; echo "$$unformatted" >&2; exit 1; fi
	CGO_ENABLED=0 $(GO) vet ./... # as the program is built, to compile it once

.PHONY: lint
lint: vet ## formatting, go vet, the directions of imports, staticcheck
	CGO_ENABLED=0 $(GO) test .
	$(GO) run $(STATICCHECK) ./...

.PHONY: bench
bench: build ## measure 100,000 records over HTTP beside the bare store and a program written by hand, 1,000 idle tenants, 1,000 idle streams of events, and runs of workflows (docs/benchmarks.md); ROWS=… SECS=…
	cd test/plain && CGO_ENABLED=0 $(GO) build -o $(abspath $(dir $(BIN)))/plain .
	@$(BIN) bench --beside $(dir $(BIN))plain --rows $(or $(ROWS),100000) --seconds $(or $(SECS),5)
	@$(GO) test -run '^$$' -bench IdleTenants -benchtime 1x ./engine/store/mongo
	@$(GO) test -run '^$$' -bench IdleStreams -benchtime 1x ./engine/api
	@$(GO) test -run '^$$' -bench . -benchtime 6000x ./workflows/runner

.PHONY: soak
soak: modules ## kill a server under load many times and look for what is lost, kill one that runs workflows, upload a large file, plan the largest configurations at once, attack it from all sides, and its forms, take and restore hourly backups of a week; ROUNDS=… KILLS=… RUNS=… FILE=… PLANS=… ATTACK=… FORMS=… HOURS=…
	FORMWORK_SOAK_ROUNDS=$(or $(ROUNDS),50) $(GO) test -count 1 -timeout 4h -v -run TestKilledUnderLoad ./test/e2e
	FORMWORK_SOAK_KILLS=$(or $(KILLS),200) FORMWORK_SOAK_RUNS=$(or $(RUNS),1000) $(GO) test -count 1 -timeout 1h -v -run TestRunsGoOnAfterKills ./test/e2e
	FORMWORK_SOAK_FILE=$(or $(FILE),2147483648) $(GO) test -count 1 -timeout 1h -v -run TestLargeUpload ./test/e2e
	FORMWORK_SOAK_PLANS=$(or $(PLANS),50) $(GO) test -count 1 -timeout 2h -v -run TestPlansKeepToTheirBudget ./engine/catalog
	FORMWORK_SOAK_ATTACK=$(or $(ATTACK),10m) $(GO) test -count 1 -timeout 1h -v -run TestAttackedFromAllSides ./test/e2e
	FORMWORK_SOAK_FORMS=$(or $(FORMS),10000) $(GO) test -count 1 -timeout 1h -v -run TestFormsUnderSiege ./engine/api
	FORMWORK_SOAK_BACKUPS=$(or $(HOURS),168) $(GO) test -count 1 -timeout 1h -v -run TestHours ./engine/backup
	@for m in test/gofakes3 test/ferretdb; do (cd $$m && FORMWORK_SOAK_BACKUPS=$(or $(HOURS),168) CGO_ENABLED=0 $(GO) test -count 1 -timeout 1h -v -run TestHours ./...) || exit 1; done

.PHONY: clean
clean: ## remove what was built; data stays
	@rm -rf bin
