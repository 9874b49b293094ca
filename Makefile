# SPDX-License-Identifier: GPL-2.0
#
# quicsock: the front door.  "make help" lists what there is.
#
# Everything made lies under build/.  Variables:
#   KSERIES=6.12|6.1|7.2   the Debian kernel to build for (scripts/deps fetches it),
#                          or debug, the one of "make debug-kernel"
#   KDIR=DIR OUT=NAME      any other kernel's headers, and build/NAME for its objects
#   DEBUG=1                the module checks its packet protection when it loads
#   W=1 WERROR=y           warnings of the kernel build; empty to be let off
#   V=1                    show commands
#   SOAK_GIB=10            what "make soak" moves
#   PREFIX=/usr/local DESTDIR=   for install

MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.DEFAULT_GOAL := all

top := $(abspath .)
B := $(or $(QUICSOCK_BUILD),$(top)/build)
KSERIES ?= $(or $(shell cat $(B)/kernels/default 2>/dev/null),6.12)
W ?= 1
WERROR ?= y
# newer kernels ask for options that gcc-12 does not have
CC_KERNEL ?= $(if $(filter 6.% debug,$(KSERIES)),gcc-12,$(top)/scripts/kcc)
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)

kroot := $(B)/kernels/$(KSERIES)
ifdef KDIR
OUT ?= other
else
KDIR = $(kroot)/usr/lib/modules/$(shell cat $(kroot)/release 2>/dev/null)/build
OUT ?= $(KSERIES)
endif
out := $(B)/$(OUT)
export KSERIES

# The userspace parts, in the order they need each other; each has a makefile
# of its own that puts what it makes into O=.
parts := $(patsubst %/Makefile,%,$(wildcard $(addsuffix /Makefile,libquicsock daemon tools)))
sub = $(MAKE) -C $(1) O=$(B)/$(1) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

.PHONY: all modules modules-locked probe user deps-% demo test test-kernels sim sim-report test-planted \
	coverage conformance conformance-mutate fuzz \
	debug-kernel test-debug interop soak bench bench-compare bench-profile bench-keep bench-core \
	install load unload demo-here check clean \
	distclean help $(parts)

all: deps-demo ## the module and the userspace parts (the default)
	@$(MAKE) modules QUICSOCK_PARTS=quicsock
	@$(MAKE) user

deps-%:
	@scripts/deps $*

modules: ## quicsock.ko for KSERIES, into build/$(KSERIES)
	@[ -e $(KDIR)/Module.symvers ] || { \
		echo "make: no kernel headers in $(KDIR); cure: scripts/deps kernel $(KSERIES)" >&2; exit 1; }
	@mkdir -p $(out)
	@flock $(out)/.lock $(MAKE) modules-locked

ask_headers = CC=$(CC_KERNEL) scripts/probe $(KDIR) $(out)/module

probe: ## ask the headers of KSERIES what that kernel has, into quicsock_config.h
	@$(ask_headers)

# one at a time for a kernel
modules-locked:
	@scripts/mirror $(out)/module
	@$(ask_headers)
	@$(MAKE) -C $(KDIR) M=$(out)/module CC=$(CC_KERNEL) W=$(W) $(if $(V),V=$(V)) $(if $(C),C=$(C)) \
		QUICSOCK_WERROR=$(WERROR) $(if $(QUICSOCK_PARTS),QUICSOCK_PARTS="$(QUICSOCK_PARTS)") \
		$(if $(DEBUG),QUICSOCK_DEBUG=y) \
		CONFIG_DEBUG_INFO_BTF_MODULES= -s -j$(JOBS) modules
	@# without debug information: a thirtieth of the size, to load in a guest
	@for m in $(out)/module/*.ko; do t=$(out)/$${m##*/}; \
		[ ! -L $$t ] && [ $$t -nt $$m ] || { rm -f $$t; objcopy --strip-debug $$m $$t; }; done

user: $(parts) ## the daemon, the library, the tools

$(parts):
	@$(call sub,$@) -j$(JOBS)

demo: ## boot a Debian kernel and move files over QUIC, lossy link included
	@scripts/demo

test: ## every rung of the tests; the last line counts them
	@tests/run

test-kernels: ## the module on the newest kernel (7.2): builds, loads, passes the selftests
	@tests/run -k 7.2 user 'compat-*' 'module-*' harness 'vm-*'

sim: ## the simulator at length: 1,000 seeds, every loss mask
	@$(MAKE) -C tests/sim O=$(B)/tests/sim JOBS=$(JOBS) all-seeds

sim-report: ## pictures of simulated transfers, into build/sim-report
	@$(MAKE) -C tests/sim O=$(B)/tests/sim report

test-planted: ## are planted bugs found?
	@tests/planted/run

coverage: ## lines of the core that unit tests and simulator run (SHOW=5: what they do not)
	@$(MAKE) -C tests/coverage O=$(B)/tests/coverage $(if $(SHOW),SHOW=$(SHOW)) coverage

conformance: ## each MUST of the RFCs: code and test (RFC_DIR=DIR: is any missing?)
	@$(MAKE) -C tests/conformance report $(if $(RFC_DIR),RFC_DIR=$(abspath $(RFC_DIR)))

conformance-mutate: ## without the code of 50 MUSTs (SEED=n), do their tests fail?
	@$(MAKE) -C tests/conformance O=$(B)/tests/conformance mutate $(if $(SEED),SEED=$(SEED)) $(if $(N),N=$(N))

fuzz: ## each fuzzer for FUZZ_TIME seconds (600); findings in build/failures
	@scripts/deps test
	@$(MAKE) -C tests/fuzz O=$(B)/tests/fuzz FUZZ_TIME=$(FUZZ_TIME) fuzz

debug-kernel: deps-debug ## build the kernel with KASAN, lockdep and the like, once (25 min)
	@scripts/debug-kernel

test-debug: debug-kernel ## unit tests, selftests and failing allocations on it (an hour)
	@RUNG_LIMIT=6000 VM_LIMIT=5400 tests/run -k debug user interop 'module-*' harness 'vm-*' 'failing-*' 'leaks-*'

interop: ## files and the whole transport with Debian's ngtcp2, on both kernels, at length
	@scripts/deps interop
	@INTEROP=full tests/run user interop 'module-*' harness 'interop-*'

soak: ## move SOAK_GIB (10) GiB in mixed conditions, hashed at both ends (ARGS=-h)
	@scripts/deps test
	@$(MAKE) modules QUICSOCK_PARTS=quicsock
	@$(MAKE) user
	@tests/soak/run $(if $(SOAK_GIB),-g $(SOAK_GIB)) $(ARGS)

bench: bench-build ## beside TCP, kTLS and userspace QUIC, by clock and by instructions (ARGS=-h)
	@tests/bench/run $(ARGS)

.PHONY: bench-build
bench-build:
	@scripts/deps bench
	@$(MAKE) modules QUICSOCK_PARTS=quicsock
	@$(MAKE) user

bench-compare: ## is this tree slower than revision REV? By instructions (ARGS=-w: by clock, too)
	@[ -n "$(REV)" ] || { echo "make: which revision? make bench-compare REV=HEAD~1" >&2; exit 2; }
	@$(MAKE) bench-build
	@tests/bench/compare $(ARGS) $(REV)

bench-profile: bench-build ## where instructions go: table, flame graph (ARGS="-m ktls -l lo -s 1k")
	@tests/bench/profile $(ARGS)

bench-keep: ## keep the last bench's figures as those of release NAME
	@[ -n "$(NAME)" ] || { echo "make: of which release? make bench-keep NAME=0.1" >&2; exit 2; }
	@tests/bench/keep $(NAME)

bench-core: ## ns per packet in the protocol core, natively; JUDGE=1: against its limits
	@$(MAKE) -C tests/bench O=$(B)/bench core

install: ## userspace below PREFIX; the module for the kernel that runs here
	@set -e; for p in $(parts); do $(MAKE) -C $$p O=$(B)/$$p PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install; done
	@if [ -e $(B)/host/quicsock.ko ]; then \
		d=$(DESTDIR)/lib/modules/$$(uname -r)/updates; \
		install -D -m 644 $(B)/host/quicsock.ko $$d/quicsock.ko && \
		{ [ -n "$(DESTDIR)" ] || depmod -a; }; \
	else echo "install: no module for $$(uname -r) yet ('make load' builds it)"; fi

load: ## build for the kernel that runs here and load
	@scripts/load check
	@$(MAKE) modules KDIR=/lib/modules/$$(uname -r)/build OUT=host CC_KERNEL=$(CC_KERNEL) WERROR= W= \
		QUICSOCK_PARTS=quicsock
	@scripts/load load

unload: ## take the module out again
	@scripts/load unload

demo-here: ## the demo on this machine's own kernel
	@scripts/load check
	@$(MAKE) user load
	@scripts/demo --here

check: ## style as code: sparse, checkpatch, layers, sizes, copies, spelling, ...
	@scripts/deps check
	@scripts/check/run

clean: ## remove what was built; kernels and downloads stay
	@rm -rf $(filter-out $(B)/kernels $(B)/cache,$(wildcard $(B)/*))

distclean: ## remove all of build/
	@rm -rf $(B)

help: ## this list
	@echo "make TARGET, one of:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS=$$'\t' read -r t d; do printf '  %-18s %s\n' "$$t" "$$d"; done
	@echo "Variables: KSERIES=$(KSERIES) W=$(W) WERROR=$(WERROR) PREFIX=$(PREFIX); see the head of the Makefile."
