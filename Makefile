# Everything a developer does with Stemma. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := bash
export GOFLAGS ?= -buildvcs=false
TOOL := go tool -modfile=tools/go.mod

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

serve: ## start the server with the seed, on http://127.0.0.1:8080
	go run ./cmd/stemma serve

# A version that a build is to be called; without it, it is called after the commit.
VERSION ?=

build: ## build ./stemma, one static file
	CGO_ENABLED=0 go build -trimpath -ldflags '-X main.stamped=$(VERSION)' -o stemma ./cmd/stemma

needs: ## install what the tests need and the machine lacks (Debian packages, npm packages)
	@./scripts/needs

test: needs ## run all tests
	go test -timeout 30m ./...

race: ## run all tests under the race detector
	go test -race -short -timeout 40m ./...

torture: ## kill, starve and damage the built program for two hours, and print a report (to REPORT=FILE)
	./scripts/torture

fuzz: ## fuzz each target for FUZZTIME (default 10s)
	./scripts/fuzz

bench: ## run the benchmarks on the small graph; docs/performance.md says how to run the large ones
	go test -run '^$$' -bench . -benchmem -short -timeout 0 ./bench ./graph/endpoint

generate: ## regenerate the GraphQL executor and the web assets
	go generate ./...
	cd web && npm ci --no-audit --no-fund && npm run build

fresh: needs ## prove that generated code and web assets are what their sources make
	./scripts/fresh

lint: ## check format and style, and the import rules of the house
	test -z "$$(gofmt -l $$(git ls-files '*.go'))"
	go vet ./...
	$(TOOL) golangci-lint run

vuln: ## look for known vulnerabilities in what we call
	./scripts/vuln

supply: ## check what the binary is made of: sums, licences, signatures
	./scripts/supply

sbom: build ## list what ./stemma is made of in stemma.cdx.json, as CycloneDX
	go -C tools run ./sbom -root .. -binary ../stemma -output ../stemma.cdx.json

deploy-test: ## prove the units, the nightly backup and the alerts in deploy/
	./scripts/deploy-test

container-test: ## build the image of deploy/Containerfile, without fetching, and prove what it may do
	./scripts/container-test

.PHONY: help serve build needs test race torture fuzz bench generate fresh lint vuln supply sbom deploy-test container-test
