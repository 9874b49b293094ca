#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fails.sh - a test that fails after bytes have crossed.  test_evidence.sh looks at
# what it leaves; its name keeps it off the list of tests.

# shellcheck source=tests/selftests/quic/env.sh
. "$(dirname "$0")/../quic/env.sh"

quic_begin
start_quicd
setup_veth client server
mkdir "$work/got"
head -c 100000 /dev/urandom > "$work/file"
start_server server 443 "$tools/quicserve" -q --port 443 -d "$work"
check "a file crosses" timeout 60 ip netns exec client "$tools/quicget" -q \
	--server-name server.test -o "$work/got" "$ip4_b" file
not_ok "as it is meant to"
quic_finish
