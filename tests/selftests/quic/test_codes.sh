#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_codes.sh - application codes are 62 bits wide (RFC 9000 20.2): options 80 to 82
# put all of them on the wire, where somebody else's decoder reads them, and the peer is
# told all of them; the draft's option 5, of 32 bits, says the largest it has.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

quic_begin
start_quicd
setup_veth client server
segmentation_off client
segmentation_off server

reset=4611686018427387901	# 2^62 - 3
stop=1311768467463790320	# no 32 bits of it are 0, or alike
close=4611686018427387903	# 2^62 - 1, the largest

# on_wire COLUMN: its values, each once, the server's answers included
on_wire() { cut -f "$1" "$work/codes" | tr ',' '\n' | grep . | sort -u | xargs; }

capture "$work/codes.pcap"
start_server server 4433 "$helpers/codes" server 4433
check "a reset, a stop and a close" timeout 60 \
	ip netns exec client "$helpers/codes" client "$ip4_b" 4433 $reset $stop $close
wait "$server_pid"
capture_end "$work/codes.pcap"
packets "$work/codes.pcap" -T fields -e quic.cc.error_code.app -e quic.ss.application_error_code \
	-e quic.rsts.application_error_code > "$work/codes"

check_eq "the peer is told all bits of the close, and by option 5 its largest code" \
	"$close 4294967295 all bits" "$(cat "$work/server.4433")"
check_eq "CONNECTION_CLOSE on the wire" "$close" "$(on_wire 1)"
check_eq "STOP_SENDING on the wire" "$stop" "$(on_wire 2)"
# what was stopped is reset with the same code (RFC 9000 3.5)
check_eq "RESET_STREAM on the wire, and the answer to STOP_SENDING" "$stop $reset" \
	"$(on_wire 3)"

quic_finish
