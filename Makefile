# Everything here may be run again at any time; what is already done is not done twice.
# Set-up needs Go and Node on the PATH. Downloads go through the Go module proxy, the npm registry and
# (for `make test`, as root) Debian's packages that the machine is configured for; nothing else.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

GO       ?= go
BIN      := bin/carillon
TOOLS    := $(CURDIR)/.cache/tools
ARGS     ?=

# Pinned tools. Each is built once into .cache/tools/<version> from the module proxy, and stays out of go.mod.
GOLANGCI_VERSION := v2.15.0
# The templ generator must be the version of the templ library, so it is read from go.mod.
TEMPL_VERSION     = $(shell awk '$$1 == "github.com/a-h/templ" {print $$2}' go.mod)

# How `make test` runs go test. Two packages at a time: the databases and the browser need a core as well.
TESTFLAGS    ?= -p 2 -timeout 15m
# The longest first, so that none of them runs alone at the end.
TESTFIRST    := ./internal/web/console ./internal/app/cli ./internal/app
# Packages where goroutines share state: `make race` runs them under the race detector. `make soak` does so with all of the
# engine, which takes five times as long.
RACEPKGS     ?= ./internal/base/... ./internal/carrier/... $(addprefix ./internal/engine/,exchange live receipt send)
RACEALL      := ./internal/base/... ./internal/carrier/... ./internal/engine/... ./internal/store/...
RACEFLAGS    ?= -p 1 -timeout 15m

# Benchmarks and soaks.
RECIPIENTS   ?= 100000
KILLS        ?= 20
SOAKFLAGS    ?= -p 1 -timeout 3h -count=1 -v

# Whatever may end in the binary: code and what it embeds.
GO_SOURCES   := $(shell find cmd internal -type d \( -name node_modules -o -name dist -o -name testdata \) -prune -o -type f \
                  ! -name '*_test.go' ! -name '*.templ' -print 2>/dev/null)
# What the console serves: pinned packages from npm, copied into the folder that the binary embeds.
ASSETS       := internal/web/assets/dist/.built
ASSET_PARTS  := $(shell find internal/web/assets -type d \( -name node_modules -o -name dist \) -prune -o -type f ! -name '*.go' -print 2>/dev/null)
# Counterparts that only tests talk to; npm writes its hidden lock last, so that is the stamp.
NPM_LOCKS    := $(shell find internal -type d \( -name node_modules -o -path internal/web/assets \) -prune -o -type f -name package-lock.json -print 2>/dev/null)
NPM_STAMPS   := $(NPM_LOCKS:package-lock.json=node_modules/.package-lock.json)

.PHONY: help
help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- build ----------------------------------------------------------------------------------------

.PHONY: build
build: $(BIN) ## Build bin/carillon.

$(BIN): $(GO_SOURCES) $(ASSETS) go.mod go.sum
	$(GO) build -trimpath -o $@ ./cmd/carillon

.PHONY: assets
assets: $(ASSETS) ## Install the pinned browser files that the binary embeds.

$(ASSETS): $(ASSET_PARTS) scripts/assets.sh
	scripts/assets.sh
	@mkdir -p $(@D) && touch $@

%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund --ignore-scripts
	@mkdir -p $(@D) && touch $@

# ---- run ------------------------------------------------------------------------------------------

.PHONY: demo
demo: $(BIN) ## Start the demo clinic at http://127.0.0.1:8080 (flags: make demo ARGS="--speed 600").
	exec ./$(BIN) demo $(ARGS)

# ---- test -----------------------------------------------------------------------------------------

.PHONY: test
test: test-setup ## Set up what the tests need and run all of them.
	$(GO) vet ./...
	$(GO) test $(TESTFLAGS) $(TESTFIRST) ./...

.PHONY: test-setup
test-setup: $(ASSETS) $(NPM_STAMPS)
	@scripts/assets.sh
	@scripts/test-setup

.PHONY: race
race: test-setup ## Run the concurrent packages under the race detector.
	@scripts/test-setup race
	$(GO) test -race $(RACEFLAGS) $(RACEPKGS)

.PHONY: soak
soak: test-setup $(BIN) ## Run the long tests: kill -9 loops, those with the build tag soak, the race detector on the whole engine.
	./$(BIN) bench kill --kills $(KILLS) --store sqlite
	./$(BIN) bench kill --kills $(KILLS) --store postgres
	$(GO) test -tags soak -run Soak $(SOAKFLAGS) ./...
	$(GO) test -race $(RACEFLAGS) $(RACEALL)

.PHONY: bench
bench: test-setup $(BIN) ## Measure the whole sending path on both databases (RECIPIENTS=100000).
	./$(BIN) bench send --recipients $(RECIPIENTS) --store sqlite --json $(ARGS)
	./$(BIN) bench send --recipients $(RECIPIENTS) --store postgres --json $(ARGS)

# ---- keep in order --------------------------------------------------------------------------------

GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)/golangci-lint

$(GOLANGCI):
	GOFLAGS= GOBIN=$(@D) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

.PHONY: lint
lint: $(GOLANGCI) $(ASSETS) ## Lint the code and check that the tree holds nothing minified or vendored.
	$(GOLANGCI) run ./...
	scripts/check-tree

.PHONY: generate
generate: ## Write the generated files again (templ pages, go:generate).
	$(GO) run github.com/a-h/templ/cmd/templ@$(TEMPL_VERSION) generate -path internal
	$(GO) generate ./...

.PHONY: generate-check
generate-check: ## Fail when a generated file differs from what generate writes.
	scripts/generate-check

.PHONY: fmt
fmt: ## Format Go and templ files.
	gofmt -s -w cmd internal
	$(GO) run github.com/a-h/templ/cmd/templ@$(TEMPL_VERSION) fmt internal

.PHONY: clean
clean: ## Remove what was built; keeps ./data and downloaded tools.
	rm -rf bin coverage.out
