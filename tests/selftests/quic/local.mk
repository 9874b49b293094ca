# SPDX-License-Identifier: GPL-2.0
#
# What the QUIC selftests need beside their C files: certificates, made here
# because drawing keys is slow in the guest, and small programs that the shell
# tests call.

quic_preloads := $(wildcard quic/*preload.c)
quic_helpers := $(filter-out %_test.c $(quic_preloads),$(wildcard quic/*.c))
quic_certs := $(O)/certs

all: $(quic_helpers:%.c=$(O)/%) $(quic_preloads:%.c=$(O)/%.so) $(quic_certs)/.done

$(quic_preloads:%.c=$(O)/%.so): $(O)/%.so: %.c
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -o $@ $<

certs: $(quic_certs)/.done

$(quic_certs)/.done: quic/make_certs
	@quic/make_certs $(quic_certs)
	@touch $@

$(foreach t,$(basename $(notdir $(wildcard quic/*_test.c))),\
	$(eval CFLAGS_$(t) += -DQUIC_DIR='"$(abspath quic)"'))

.PHONY: certs

# flood protects Initials by itself, with a ClientHello of GnuTLS
LDLIBS_flood := -lgnutls -lnettle -lhogweed
