# Exo-OS: `make` lists what there is to do.
.DEFAULT_GOAL := help
SHELL := /bin/sh
CARGO ?= cargo
JOBS := $(shell nproc)

KERNEL := target/exo-kernel
EXO := target/release/exo
INITRAMFS := target/initramfs.tar
BUSYBOX := target/musl/busybox

.PHONY: help
help: ## List these targets
	@echo "Exo-OS: make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | \
	    awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
	@echo "After a build, the host command is $(EXO) (try: $(EXO) --help)."

.PHONY: run
run: all ## Build what is missing, boot, and open a shell in this terminal (ARGS="--machine q35")
	@$(EXO) shell $(ARGS)

.PHONY: all
all: setup kernel $(INITRAMFS) target/yardstick-init $(EXO) ## Build kernel, initramfs and the exo command

.PHONY: setup
setup: ## Install what the build needs, or say what to install
	@tools/setup

.PHONY: test
test: all userland ## Run every test; ends with "N passed, M failed" (ARGS="boot --filter vi")
	@$(EXO) test $(ARGS)

.PHONY: test-checked
test-checked: all userland kernel-checked ## Run native, conformance and corpus with a kernel that checks itself (ARGS="conformance")
	@$(EXO) test $(or $(ARGS),native conformance corpus) --kernel $(KERNEL)-checked

.PHONY: test-smp
test-smp: all userland kernel-checked ## Run every part on four CPUs, the kernel that checks itself too, and some on two and eight
	@tools/test-smp

.PHONY: stress
stress: all userland kernel-checked ## Ten minutes of storms on four CPUs with a kernel that checks itself (ARGS="--seconds 60 --cpus 8")
	@$(EXO) test stress --kernel $(KERNEL)-checked $(or $(ARGS),--seconds 600 --cpus 4)

.PHONY: check
check: setup ## The fast loop: formatting, lints on every crate, host tests, layer rules
	@tools/check

.PHONY: model-check
model-check: setup ## Prove the lock-free crates: every interleaving with loom, undefined behaviour with Miri
	@tools/model-check

.PHONY: fuzz
fuzz: setup ## Fuzz what parses bytes from outside, 10 million runs a target (ARGS="-n 100000 elf tar")
	@tools/fuzz/run $(ARGS)

.PHONY: bench
bench: all userland ## Measure against Linux in the same QEMU, and the pure crates; writes docs/benchmarks.md and -host.md
	@$(EXO) bench $(ARGS)

.PHONY: bench-host
bench-host: exo ## Measure the pure crates alone, in cycles of this machine; writes docs/benchmarks-host.md
	@$(EXO) bench --host $(ARGS)

.PHONY: sched-sim
sched-sim: setup ## Run workloads through the scheduler's policy on this machine; writes docs/scheduler.md's figures
	@$(CARGO) run --quiet --release -p sched-sim -- --write docs --recorded tools/sched-sim/recordings $(ARGS)

.PHONY: record-sched
record-sched: all ## Record the workloads of tools/sched-sim/recordings again, for sched-sim (ARGS="forks chain")
	@tools/sched-sim/recordings/record $(ARGS)

.PHONY: iso
iso: all ## Build target/exo-os.iso, which GRUB boots
	@$(EXO) iso

.PHONY: debug
debug: all ## Start QEMU waiting for gdb, and gdb with the kernel's symbols
	@$(EXO) debug $(ARGS)

.PHONY: kernel
kernel: setup ## Build the kernel only
	@tools/kernel-cargo build --release
	@kernel/image/add-symbols target/x86_64-unknown-none/release/exo-kernel $(KERNEL)

.PHONY: kernel-checked
kernel-checked: setup ## Build a kernel that checks the order of locks, arithmetic and its own assertions
	@tools/kernel-cargo build --profile checked
	@kernel/image/add-symbols target/x86_64-unknown-none/checked/exo-kernel $(KERNEL)-checked

.PHONY: userland
userland: setup ## Build the C programs: init, test runner, conformance tests, benchmarks
	@userland/build.sh target/userland

# The first process alone is quicker to have than all of userland.
target/userland/exo-init: userland/exo-init/exo-init.c | setup
	@mkdir -p $(@D)
	@musl-port/exo-cc -Wall -Wextra -s -o $@ $<

target/yardstick-init: tools/yardstick/init.c | setup
	@mkdir -p $(@D)
	@musl-port/exo-cc -Wall -Wextra -s -o $@ $<

$(BUSYBOX): musl-port/build-busybox musl-port/sources.sha256 | setup
	@musl-port/build-busybox

$(INITRAMFS): initramfs/build $(shell find initramfs/root -type f) $(BUSYBOX) \
    target/userland/exo-init | setup
	@echo "  initramfs"
	@initramfs/build

.PHONY: exo
exo: setup
	@$(CARGO) build --release -p exo

.PHONY: $(EXO)
$(EXO): setup
	@$(CARGO) build --release -p exo

.PHONY: clean
clean: ## Remove what was built, except downloads and busybox
	rm -rf target/debug target/release target/x86_64-unknown-none target/userland target/initramfs* \
	    target/exo-*

.PHONY: distclean
distclean: ## Remove everything that was built or downloaded
	rm -rf target
