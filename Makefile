# refig: figures and verdicts of theory papers. `make figures` and `make test` need nothing but Swift and these sources.
#   make figures [PROFILE=quick|paper]   compute what is missing and draw all figures; with LEDGER=1 compute nothing and
#                                        draw from data/ledger what is not here
#   make verify  [PROFILE=…]             check all claims and print their verdicts
#   make report  [PROFILE=…]             a page of all figures and verdicts, report/quick/index.html
#   make ledger                          write down what of the paper profile is computed, and renew the pages about it
#   make mutate                          show that the claims can fail
#   make test    make lint    make build    make bench    make docs    make clean
#   make test-slurm                      run the tests that need a cluster, on a Slurm that is brought up for them
#   make install [PREFIX=/usr/local]     the program, its man page, completions for bash, zsh and fish
#   make dist                            put refig and its libraries into dist/, for machines without Swift
#   make wheel   make deb                the same as a package for pip or for Debian, in dist/
#   make stage-sarao2020/uniqueness      compute one stage            make figure-sarao2020/fig1   draw one figure
PROFILE ?= quick
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
REFIG = .build/release/refig

.PHONY: setup build test test-slurm lint figures verify ledger report gallery digests mutate bench docs man install dist wheel deb clean

setup: ; @scripts/setup
# Colours are an argument of the compiler: a build on a terminal would compile again what one in a pipe has.
build: setup ; @swift build -c release --no-color-diagnostics --product refig
figures: build ; @$(REFIG) run --profile $(PROFILE) $(if $(LEDGER),--from-ledger,--workers $(JOBS))
verify: build ; @$(REFIG) verify --profile $(PROFILE) --workers $(JOBS)
# What tests compare numbers with, bit for bit, after a change that was meant to change numbers.
digests: ; @RENEW_DIGESTS=1 swift test -c release --no-color-diagnostics --disable-testable-imports --filter NumericClassTests
gallery: figures ; @python3 scripts/gallery.py --update   # the README's figures, with their scripts
ledger: build ; @$(REFIG) ledger update --profile paper && python3 scripts/ledger.py --update
report: figures ; @$(REFIG) report --profile $(PROFILE)
mutate: build ; @$(REFIG) mutate --profile $(PROFILE) --workers $(JOBS)
# Static patterns: an ordinary one never matches a goal with a slash.
STAGES = $(filter stage-%,$(MAKECMDGOALS))
FIGURES = $(filter figure-%,$(MAKECMDGOALS))
$(STAGES): stage-%: build ; @$(REFIG) run 'stage:$*' --profile $(PROFILE) --workers $(JOBS)
$(FIGURES): figure-%: build ; @$(REFIG) run 'fig:$*' --profile $(PROFILE) --workers $(JOBS)
test: ; @scripts/setup --test && swift test -c release --no-color-diagnostics --disable-testable-imports   # the flags of `build`, so nothing is compiled twice
# Nodes and controllers are killed in a cluster of their own.
test-slurm:
	@scripts/setup --test
	@REFIG_SCALE=1 Tests/slurm-cluster swift test -c release --no-color-diagnostics --disable-testable-imports --filter '^SlurmTests\.(SlurmTests|FakeClusterTests)'
	@Tests/slurm-cluster MaxJobCount=12 MinJobAge=10 swift test -c release --no-color-diagnostics --disable-testable-imports --filter '^SlurmTests\.SlurmOutageTests'
	@timeout 1200 Tests/slurm-cluster Nodes=3 SlurmdTimeout=5 PreemptType=preempt/partition_prio PreemptMode=REQUEUE \
	  'PartitionName=urgent Nodes=ALL PriorityTier=10 PreemptMode=OFF State=UP' \
	  swift test -c release --no-color-diagnostics --disable-testable-imports --filter '^SlurmTests\.SlurmNodeTests'
lint: ; @swift format lint --strict --recursive Package.swift Sources Tests Plugins
bench: build ; @Benchmarks/run
docs: setup ; @scripts/docs
man: build ; @swift build -c release --no-color-diagnostics --product generate-manual && mkdir -p .build/man && .build/release/generate-manual $(REFIG) -o .build/man
install: man ; @scripts/install $(PREFIX)
dist: build ; @scripts/setup --dist && scripts/dist
wheel: dist man ; @scripts/wheel
deb: dist man ; @scripts/deb
clean: ; @rm -rf .build dist figures/quick figures/paper report   # data/ is kept: cells cost processor-hours, and data/runs tells how they were made
