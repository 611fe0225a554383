# What can be made here. "make test" needs Go alone; "make test-real" needs real programs, and says
# which of them are missing.

GO        ?= go
GOFUMPT   := mvdan.cc/gofumpt@v0.9.2
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@latest

.PHONY: build exact image image-3.8 sweep-image modules quick long-tests format test test-real test-real-packages test-real-deploy race suite-cost changes compare status timeline large track-record mutants calibration yield unlogged catalog pairs pairs-by-force soak monitor-load guide pictures lint vuln bench bench-table spec-table clean

build: ## the command, at bin/zklab, from the same build cache as go run and go test
	$(GO) build -o bin/zklab ./cmd/zklab

exact: build ## the command, at bin/zklab, with the runtime in which a seed always gives the same: explorations take a sixth less time, too
	$(GO) build $$(bin/zklab overlay) -o bin/zklab ./cmd/zklab

image: ## a local ZooKeeper image from Debian's packages, without an image registry (SUITE=bookworm: 3.8 beside 3.9)
	images/zookeeper/build $(if $(SUITE),--suite $(SUITE))

image-3.8:
	images/zookeeper/build --suite bookworm

sweep-image: ## the local image zklab/zklab:local, for sweeps in clusters
	GO=$(GO) images/zklab/build

# What differs from the last commit, in this module.
CHANGED = $(wildcard $(sort $(dir $(filter-out $(MODULES:%=%/%),$(shell git diff --name-only HEAD -- '*.go'; git ls-files --others --exclude-standard '*.go')))))

quick: format ## before each commit: formatting, vet of the packages that changed, and the quick tests of all packages
	$(if $(CHANGED),$(GO) vet $(VETTED) $(addprefix ./,$(CHANGED)))
	$(GO) test -vet=off -p 3 -skip "^($$(paste -sd '|' $(LONG)))$$" $(TESTFLAGS) ./...

LONG := internal/dev/suitecost/long.txt

long-tests: ## the tests that make quick leaves out: those that take a second or more (after a build, some ten minutes)
	mkdir -p bin
	$(GO) test -vet=off -p 3 -timeout 30m -json ./... | $(GO) run ./internal/dev long-tests > bin/long.txt && mv bin/long.txt $(LONG)

# The longest ones first, so that none of them runs alone in the end.
LONGEST := ./internal/lab/engine ./cli . ./internal/lab/mix ./checker ./ensemble/embedded ./recipes

# Modules of their own, which ./... does not reach.
MODULES := deploy grpcresolver catalog catalog/originals/gokit catalog/originals/prometheus catalog/originals/samuel catalog/reports examples/bank examples/idgenerator examples/lease examples/ratelimiter examples/reentrantlock

modules: ## the folders of the modules besides the main one
	@echo $(MODULES)

# A command line in each of them, in two at once: one waits for a linker often, which needs one processor.
IN_MODULES := printf '%s\n' $(MODULES) | xargs -P 2 -I {} sh -c 'cd {} && eval "$$0"'

# Without vet: lint does that, and go test would do it again for each of its builds.
test: ## all tests that need Go alone; none is skipped
	$(GO) mod download # of all modules: some tests make modules, without the network
	$(GO) test -vet=off -p 3 -timeout 30m $(TESTFLAGS) $(LONGEST) ./...
	$(IN_MODULES) '$(GO) test -vet=off $(TESTFLAGS) ./...'

# The packages with tests of real programs, the longest ones first. None of them comes from the cache, which does not
# know of containers. More of them run at once than there are processors, because they mostly wait: for programs, and
# for their turn to use containers (package dockertest).
LONGEST_REAL := ./cli/ ./ensemble/container/ ./examples/curator/ ./faults/ ./internal/lab/engine/ ./internal/lab/conformance/ ./ensemble/embedded/ ./
REAL = $(LONGEST_REAL) $(filter-out $(LONGEST_REAL),$(sort $(dir $(shell grep -rl --include='*_real_test.go' '^func TestReal' . | grep -vE '^\./($(subst $(eval) ,|,$(MODULES)))/'))))

test-real: images-if-possible ## all tests that need a real program: containers, kazoo, Patroni, Curator, a lock in C, a terminal, a browser, Slurm, processes
	@$(GO) run ./internal/testkit/programs/needs
	@$(MAKE) --no-print-directory -j2 test-real-packages test-real-deploy

TEST_REAL = $(GO) test -tags real -run '^TestReal' -vet=off -count=1 -timeout 30m $(TESTFLAGS)

test-real-packages:
	$(TEST_REAL) -p 3 $(REAL)

# The image is built meanwhile: only this test needs it.
test-real-deploy:
	@if docker version >/dev/null 2>&1; then $(MAKE) --no-print-directory sweep-image; fi
	cd deploy && $(TEST_REAL) ./...

# The packages whose concurrency is the point, shortened: with the detector each takes ten times
# as long.
RACE := ./internal/lab/engine ./internal/lab/experiment ./recipes ./ensemble/... ./link ./history ./internal/zk/... ./internal/tools/shell ./internal/tools/monitor/...

# go-zookeeper v1.0.4 has a race of its own: when it reconnects, sendSetWatches
# reads lastZxid while the receive loop writes it. It is built without the
# detector's instrumentation, so that what is reported is ours.
# One processor a package: Go 1.26 has one race context for all timers of a bubble of
# testing/synctest, and two processors that use it at once crash the detector
# (golang/go#78156; 1.27's does not). What is a race follows from what synchronizes, not from
# what runs at once, so one processor shows the same races.
race: ## the packages whose concurrency is the point, with the race detector
	CGO_ENABLED=1 $(GO) test -race -gcflags=github.com/go-zookeeper/zk=-race=false -vet=off -cpu 1 -short -timeout 30m $(TESTFLAGS) $(RACE)

compare: image ## what clients see of failing servers, embedded and Apache's: some of Java's races differ now and then
	$(GO) test -tags 'real campaign' -count=1 -v -timeout 30m -run 'TestReal(SideBySideFaults|DifferentialGenerated|ReadOnlyWithoutLocalSessions|GoZookeeperByTheClock)' ./ensemble/embedded ./internal/lab/conformance

status: image ## does zklab ensemble status tell the truth: each of five servers in containers is lost in each way (two minutes)
	ZKLAB_REAL=required $(GO) test -tags 'real campaign' -count=1 -v -run TestRealEachServerInContainers ./ensemble/status

timeline: ## how long the timeline of a million operations takes in Chromium to open, and how much memory (a minute)
	$(GO) test -tags campaign -count=1 -v -run TestTimelineOfAMillion ./reports

large: ## how much time and memory checks and reports of large runs take: the table of docs/checking.md (some minutes; SIZES=100000,3000000)
	ZKLAB_LARGE=$(SIZES) $(GO) test -tags campaign -count=1 -v -timeout 2h -run TestLargeRuns ./cli

track-record: build ## in how many of some seeds known bugs are found: the table of docs/track-record.md (SEEDS=20; ONLY='^kazoo'; MENDED=1: the programs are mended versions)
	$(GO) run ./internal/dev track-record --seeds $(or $(SEEDS),20) --parallel $(or $(PARALLEL),2) --only '$(ONLY)' $(if $(MENDED),--mended)

mutants: build ## which property finds each mutant, and how soon: docs/mutants.csv (FOR=60s, SEEDS=200)
	$(GO) run ./internal/dev mutants --for $(or $(FOR),60s) --seeds $(or $(SEEDS),200) --write docs/track-record.md

pairs: exact ## all single faults and all pairs of faults in the smallest scenario of each object: docs/pairs.csv (FOR=2h in all; goes on where it ended)
	$(GO) run ./internal/dev pairs --for $(or $(FOR),2h) --write docs/track-record.md

pairs-by-force: ## do implied pairs of faults come to what is said of them: all pairs of some small scenarios (some minutes)
	$(GO) test -tags campaign -count=1 -v -timeout 2h -run PairsOfRecipesByBruteForce ./internal/lab/explore

calibration: ## do as many new behaviours come in the next fifty runs as a passing test promises: the table of docs/testing.md (a minute)
	$(GO) test -tags campaign -count=1 -v -run TestCalibration ./internal/lab/mix

yield: ## how much processor time the default test takes to convict each wrong recipe and mutant: docs/yield.csv (half an hour; SEEDS=50, ONLY='^lock', FIRST=1 stops at the first conviction)
	GOMAXPROCS=1 ZKLAB_YIELD_SEEDS=$(SEEDS) ZKLAB_YIELD_ONLY='$(ONLY)' ZKLAB_YIELD_FIRST=$(FIRST) ZKLAB_YIELD_WRITE=$(abspath $(if $(ONLY),,docs/track-record.md)) \
	  $(GO) test -tags campaign -count=1 -v -timeout 4h -run TestYieldOfDefaultTest ./internal/lab/mix

unlogged: ## what verdicts are worth without the servers' transaction logs: the table of docs/external.md, and docs/unlogged.csv (a quarter of an hour; goes on where it ended; SEEDS=20, ONLY='^lock', which may have a tree watch: WATCH=1)
	mkdir -p bin
	GOMAXPROCS=1 ZKLAB_UNLOGGED_WATCH=$(if $(ONLY),$(WATCH)) ZKLAB_UNLOGGED_SEEDS=$(SEEDS) ZKLAB_UNLOGGED_ONLY='$(ONLY)' ZKLAB_UNLOGGED_KEPT=$(abspath $(if $(ONLY),,bin/unlogged.jsonl)) \
	  ZKLAB_UNLOGGED_WRITE=$(abspath $(if $(ONLY),,docs/external.md)) $(GO) test -tags campaign -count=1 -v -timeout 4h -run TestWorthWithoutLog ./internal/lab/mix
	$(if $(ONLY),,rm -f bin/unlogged.jsonl)

catalog: ## what zklab says of recipes of real programs: measures them, and makes docs/programs.md and docs/ports.md (ONLY="leaf patroni"; all of them: about half an hour, after the adapters of catalog/originals were compiled)
	cd catalog && ONLY="$(ONLY)" $(GO) test -tags campaign -count=1 -v -timeout 2h -run 'TestMeasure$$' .
	set -e; for original in $(notdir $(wildcard catalog/originals/*)); do case " $(strip $(ONLY)) " in "  "|*" $$original "*) \
	  (cd catalog/originals/$$original && $(GO) test -tags campaign -count=1 -v -timeout 1h -run 'TestMeasure$$' .);; esac; done
	cd catalog && $(GO) test -count=1 -run TestPage . -update

soak: build image ## every recipe under all faults, in virtual time, embedded and in containers, and every mutant: some hours (FOR=2m)
	$(GO) run ./internal/dev soak --for $(or $(FOR),2m) --parallel $(or $(PARALLEL),2)

monitor-load: ## zklab monitor under 1000 changes a second of 10,000 znodes, and what it needs meanwhile (FOR=20m, ENSEMBLE=container)
	ZKLAB_MONITOR_FOR=$(or $(FOR),20m) ZKLAB_MONITOR_ENSEMBLE=$(ENSEMBLE) $(GO) test -tags 'real campaign' -count=1 -v -timeout 3h -run MonitorUnderLoad ./cli

guide: ## into the pages, what commands and programs print, and what the code says of itself
	$(GO) test -count=1 -run 'TestGuideTo(Checking|Commands)' ./cli -update
	$(GO) test -count=1 -run TestPrograms ./examples -update
	$(GO) test -count=1 -run 'TestTutorial|TestRecipePages' ./docs -update
	$(GO) test -count=1 -run TestPage ./internal/lab/conformance -update

pictures: build ## docs/pictures: the plots of docs/gallery.md, compare.md, failover.md and herd.md, and those of the tutorial, which need Chromium
	$(GO) run ./internal/dev pictures

format: ## is all code formatted
	@unformatted=$$($(GO) run $(GOFUMPT) -l .); \
	test -z "$$unformatted" || { echo "not formatted by gofumpt: $$unformatted"; exit 1; }

# With all build tags, so that no file is left out.
VETTED := -tags=real,campaign
LINTED := $(VETTED) ./...

lint: format ## what must be clean
	$(GO) vet $(LINTED)
	GOGC=400 $(GO) run $(STATICCHECK) $(LINTED)
	$(IN_MODULES) '$(GO) vet $(LINTED) && $(GO) run $(STATICCHECK) $(LINTED)'

suite-cost: build ## what the tests cost: the time of each step of .ci/run, and of it compilers, linkers and the dearest test binaries (STEPS=test,race)
	$(GO) build -o bin/dev ./internal/dev && bin/dev suite-cost $(if $(STEPS),--steps $(STEPS))

changes: ## which tests notice each of some small changes of the code, drawn at random (IN=checker,faults, NUMBER=100, SEED=1; goes on where it ended)
	mkdir -p bin && $(GO) run ./internal/dev changes $(if $(IN),--in $(IN)) --number $(or $(NUMBER),100) --seed $(or $(SEED),1)

vuln: ## known vulnerabilities, where their list can be had
	$(GO) run $(GOVULNCHECK) ./...

bench: build image ## benchmarks: compare ratios within one run, machines are noisy
	$(GO) test -tags real -run '^$$' -bench . -benchmem -timeout 90m ./...

bench-table: ## docs/checkers-measured.md, of this machine when it is idle: some 25 minutes (MACHINE="what it is")
	mkdir -p bin
	$(GO) test -run '^$$' -bench 'Decide|File' -timeout 90m ./checker/linear > bin/bench.txt || { cat bin/bench.txt; exit 1; }
	$(GO) run ./internal/dev bench-table --machine "$(MACHINE)" --csv bin/checkers-measured.csv < bin/bench.txt > bin/checkers-measured.md
	mv bin/checkers-measured.md bin/checkers-measured.csv docs

spec-table: ## the costs of specifications in docs/own-objects.md, of this machine when it is idle
	mkdir -p bin
	$(GO) test -run '^$$' -bench Specification -timeout 30m ./checker/declared > bin/spec.txt || { cat bin/spec.txt; exit 1; }
	$(GO) run ./internal/dev spec-table < bin/spec.txt

clean: ## what was built, and what crashed runs left
	-bin/zklab clean --remove
	rm -rf bin

# Without an engine the tests of containers are skipped (or fail, if they are required): the
# others run all the same. The images are built at once, unless the program is missing that both would install first.
.PHONY: images-if-possible
images-if-possible:
	@if docker version >/dev/null 2>&1; then $(MAKE) --no-print-directory -j$(if $(shell command -v mmdebstrap),2,1) image image-3.8; \
	else echo "no Docker engine answers"; fi
