# SPDX-License-Identifier: GPL-2.0
#
# quicsock: the front door.  "make help" lists what there is.
#
# Everything made lies under build/.  Variables:
#   KSERIES=6.12|6.1|7.2   the Debian kernel to build for (scripts/deps fetches it)
#   KDIR=DIR OUT=NAME      any other kernel's headers, and build/NAME for its objects
#   W=1 WERROR=y           warnings of the kernel build; empty to be let off
#   V=1                    show commands
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
CC_KERNEL ?= $(if $(filter 6.%,$(KSERIES)),gcc-12,$(top)/scripts/kcc)
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

.PHONY: all modules modules-locked user deps-% demo test bench bench-core install load unload \
	demo-here check clean distclean help $(parts)

all: deps-demo ## the module and the userspace parts (the default)
	@$(MAKE) modules
	@$(MAKE) user

deps-%:
	@scripts/deps $*

modules: ## quicsock.ko for KSERIES, into build/$(KSERIES)
	@[ -e $(KDIR)/Module.symvers ] || { \
		echo "make: no kernel headers in $(KDIR); cure: scripts/deps kernel $(KSERIES)" >&2; exit 1; }
	@mkdir -p $(out)
	@flock $(out)/.lock $(MAKE) modules-locked

# one at a time for a kernel
modules-locked:
	@scripts/mirror $(out)/module
	@CC=$(CC_KERNEL) scripts/probe $(KDIR) $(out)/module
	@$(MAKE) -C $(KDIR) M=$(out)/module CC=$(CC_KERNEL) W=$(W) $(if $(V),V=$(V)) $(if $(C),C=$(C)) \
		QUICSOCK_WERROR=$(WERROR) $(if $(QUICSOCK_PARTS),QUICSOCK_PARTS="$(QUICSOCK_PARTS)") \
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

bench: ## throughput beside TCP, kTLS and userspace QUIC, in one boot
	@scripts/deps bench
	@$(MAKE) modules user
	@tests/bench/run

bench-core: ## ns per packet in the protocol core, natively
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
	@$(MAKE) modules KDIR=/lib/modules/$$(uname -r)/build OUT=host CC_KERNEL=$(CC_KERNEL) WERROR= W=
	@scripts/load load

unload: ## take the module out again
	@scripts/load unload

demo-here: ## the demo on this machine's own kernel
	@scripts/load check
	@$(MAKE) user load
	@scripts/demo --here

check: ## shellcheck over the scripts
	@shellcheck -x $$(git ls-files ':!scripts/lib' | xargs grep -lsE '^#!/bin/(ba)?sh|^# shellcheck shell=') && \
		echo "check: scripts are clean"

clean: ## remove what was built; kernels and downloads stay
	@rm -rf $(filter-out $(B)/kernels $(B)/cache,$(wildcard $(B)/*))

distclean: ## remove all of build/
	@rm -rf $(B)

help: ## this list
	@echo "make TARGET, one of:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS=$$'\t' read -r t d; do printf '  %-12s %s\n' "$$t" "$$d"; done
	@echo "Variables: KSERIES=$(KSERIES) W=$(W) WERROR=$(WERROR) PREFIX=$(PREFIX); see the head of the Makefile."
