#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_capture.sh - what is on the wire is QUIC version 1 to somebody else's
# decoder, which reads the file with quicd's key log; and without it nothing of the
# file can be read: no 16 bytes of it stand in the capture.
#
# Given DIR it looks at the demo's capture instead: DIR/*.pcap, keys.log, *.in.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

if [ -n "${1:-}" ]; then
	for p in "$1"/*.pcap; do
		look "${p##*/}" "$p" "$1/keys.log" "$1"/*.in
	done
	finish
fi

quic_begin
start_quicd
setup_veth client server
# a train would stand in the capture as one datagram of 64 KiB
segmentation_off client
segmentation_off server
head -c 512K /dev/urandom > "$work/file.in"

transfer()
{
	start_server server "$2" "$tools/quicperf" server -M "$1" -q --json --alpn perf -p "$2" --count 1
	check "$1: a transfer" ip netns exec client "$tools/quicperf" client -M "$1" --json --alpn perf -p "$2" \
		--server-name server.test -i "$work/file.in" "$ip4_b"
	wait "$server_pid"
}

capture "$work/quic.pcap"
transfer quic 4433
capture_end "$work/quic.pcap"
look quic "$work/quic.pcap" "$work/file.in"

# TCP in the clear proves that the search can find
port_in_use() { in_ns "$1" ss -Hant "sport = :$2" | grep -q .; }
capture "$work/tcp.pcap"
transfer tcp 4434
capture_end "$work/tcp.pcap"
check_eq "the search finds what TCP sends in the clear" 1 \
	"$("$helpers/pcap_scan" "$work/file.in" "$work/tcp.pcap" > /dev/null; echo $?)"

quic_finish
