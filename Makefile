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
# Modules of their own, tested besides the product's.
MODULES := $(patsubst %/go.mod,%,$(wildcard test/*/go.mod))
PACKAGES ?= ./...

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## fetch what the build needs
	@$(GO) version >/dev/null 2>&1 || { echo "Go 1.26 or later is needed: https://go.dev/dl" >&2; exit 1; }
	@$(GO) mod download
	@for m in $(MODULES); do (cd $$m && $(GO) mod download) || exit 1; done

.PHONY: build
build: setup ## build bin/formwork
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN) ./cmd/formwork

.PHONY: run
run: build ## build and serve ./data, with demonstration data at the first start; prints address and first login
	@exec $(BIN) serve --data $(DATA) --listen $(LISTEN) --demo $(SIZE)

.PHONY: test
test: setup lint ## every check and every test
	$(GO) test -race -timeout 20m $(PACKAGES)
	@for m in $(MODULES); do echo "testing $$m" && (cd $$m && $(GO) vet ./... && $(GO) test -timeout 20m ./...) || exit 1; done

.PHONY: lint
lint: setup ## formatting and go vet; the import directions are a test (architecture_test.go)
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted (run gofmt -w):" >&2; echo "$$unformatted" >&2; exit 1; fi
	$(GO) vet ./...

.PHONY: bench
bench: build ## measure 100,000 records over HTTP beside the bare store (docs/benchmarks.md); ROWS=… SECS=…
	@$(BIN) bench --rows $(or $(ROWS),100000) --seconds $(or $(SECS),5)

.PHONY: clean
clean: ## remove what was built; data stays
	@rm -rf bin
