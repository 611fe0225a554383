# What can be made here. "make build image" is all that a run needs, "make test"
# passes the tests (those that need Docker are skipped where there is none;
# ZKLAB_DOCKER=required turns such a skip into a failure).

GO        ?= go
GOFUMPT   := mvdan.cc/gofumpt@v0.9.2
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@latest

.PHONY: build image sweep-image test race compare status track-record planted soak monitor-load guide lint vuln bench bench-table clean

build: ## the command, at bin/zklab
	$(GO) build -trimpath -o bin/zklab ./cmd/zklab

image: ## a local ZooKeeper image from Debian's packages, without an image registry
	images/zookeeper/build

sweep-image: ## the local image zklab/zklab:local, for sweeps in clusters
	GO=$(GO) images/zklab/build

# The longest one first, so that it does not run alone in the end.
PACKAGES := ./internal/engine ./...

# Without vet: lint does that, and go test would do it again for each of its builds.
test: image-if-possible ## all tests, none from the cache: it does not know of containers
	$(GO) test -vet=off -count=1 -timeout 40m $(PACKAGES)
	cd deploy && $(GO) test -vet=off -count=1 ./...
	cd grpcresolver && $(GO) test -vet=off -count=1 ./...

# go-zookeeper v1.0.4 has a race of its own: when it reconnects, sendSetWatches
# reads lastZxid while the receive loop writes it. It is built without the
# detector's instrumentation, so that what is reported is ours.
# One processor a package: Go 1.26 has one race context for all timers of a bubble of
# testing/synctest, and two processors that use it at once crash the detector
# (golang/go#78156; 1.27's does not). What is a race follows from what synchronizes, not from
# what runs at once, so one processor shows the same races.
race: ## the tests with the race detector, the long ones shortened
	$(GO) test -race -gcflags=github.com/go-zookeeper/zk=-race=false -vet=off -cpu 1 -short -count=1 -timeout 45m $(PACKAGES)

compare: image ## what clients see of failing servers, embedded and Apache's: some of Java's races differ now and then
	ZKLAB_COMPARE=1 $(GO) test -count=1 -v -run TestSideBySideFaults ./ensemble/embedded

status: image ## does zklab ensemble status tell the truth: each of five servers in containers is lost in each way (two minutes)
	ZKLAB_STATUS=each ZKLAB_DOCKER=required $(GO) test -count=1 -v -run TestEachServer ./ensemble/status

track-record: build ## in how many of some seeds known bugs are found: the tables of docs/track-record.md (SEEDS=20)
	$(GO) run ./internal/trackrecord -zklab bin/zklab -seeds $(or $(SEEDS),20) -parallel $(or $(PARALLEL),2)

planted: build ## by what each planted defect is found, and how soon: the table of docs/track-record.md (FOR=60s, SEEDS=200)
	$(GO) run ./internal/plantedtable -zklab bin/zklab -for $(or $(FOR),60s) -seeds $(or $(SEEDS),200) -write docs/track-record.md

soak: build image ## every recipe under all faults, in virtual time, embedded and in containers, and every planted defect: some hours (FOR=2m)
	$(GO) run ./internal/soak -zklab bin/zklab -for $(or $(FOR),2m) -parallel $(or $(PARALLEL),2)

monitor-load: ## zklab monitor under 1000 changes a second of 10,000 znodes, and what it needs meanwhile (FOR=20m, ENSEMBLE=container)
	ZKLAB_MONITOR_FOR=$(or $(FOR),20m) ZKLAB_MONITOR_ENSEMBLE=$(ENSEMBLE) $(GO) test -count=1 -v -timeout 3h -run TestMonitorUnderLoad ./cmd/zklab

guide: ## what the commands of docs/recipes and docs/checking*.md print, written into them
	$(GO) test -count=1 -run TestGuideToChecking ./cmd/zklab -update

lint: ## what must be clean
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	cd deploy && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./...
	cd grpcresolver && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./...
	@unformatted=$$($(GO) run $(GOFUMPT) -l .); \
	test -z "$$unformatted" || { echo "not formatted by gofumpt: $$unformatted"; exit 1; }

vuln: ## known vulnerabilities, where their list can be had
	$(GO) run $(GOVULNCHECK) ./...

bench: build image ## benchmarks: compare ratios within one run, machines are noisy
	$(GO) test -run '^$$' -bench . -benchmem -timeout 90m ./...

bench-table: ## docs/checkers-measured.md, of this machine when it is idle: some 25 minutes (MACHINE="what it is")
	mkdir -p bin
	$(GO) test -run '^$$' -bench 'Decide|File' -timeout 90m ./checker/linear > bin/bench.txt || { cat bin/bench.txt; exit 1; }
	$(GO) run ./internal/benchtable -machine "$(MACHINE)" < bin/bench.txt > bin/checkers-measured.md
	mv bin/checkers-measured.md docs/checkers-measured.md

clean: ## what was built, and what crashed runs left
	-bin/zklab clean
	rm -rf bin

# Without an engine the Docker tests skip (or fail, if they are required): the
# others run all the same.
.PHONY: image-if-possible
image-if-possible:
	@if docker version >/dev/null 2>&1; then $(MAKE) --no-print-directory image; \
	else echo "no Docker engine answers: tests that need one are skipped"; fi
