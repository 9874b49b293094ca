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

# decode PCAP KEYS: a line for each datagram, fields separated by tabs: versions,
# TLS server name, frame types, decryption failed, malformed
decode()
{
	tshark -n -r "$1" -o "tls.keylog_file:$2" -d udp.port==443,quic -d udp.port==4433,quic \
		-T fields -e quic.version -e tls.handshake.extensions_server_name \
		-e quic.frame_type -e quic.decryption_failed -e _ws.malformed 2> "$work/tshark"
}

# column N: the values in a field of $work/decoded, each once with its number
column() { cut -f "$1" "$work/decoded" | tr ',' '\n' | grep . | sort | uniq -c; }

has_frame() { column 3 | grep -qE " ($1)\$"; }

# look PCAP KEYS FILE...
look()
{
	local f

	decode "$1" "$2" > "$work/decoded"
	note "$(wc -l < "$work/decoded") datagrams; frames: $(column 3 | tr -s ' \n' ' ')"
	check_eq "all long headers are of version 1" 0x00000001 "$(column 1 | awk '{ print $2 }')"
	check "the ClientHello is read" test "$(column 2 | grep -c 'server\.')" -gt 0
	check "STREAM frames are decrypted" has_frame '8|9|10|11|12|13|14|15'
	check "ACK frames are" has_frame '2|3'
	check "HANDSHAKE_DONE is" has_frame 30
	check "CONNECTION_CLOSE is" has_frame '28|29'
	check_eq "every packet opens" "" "$(column 4)"
	check_eq "none is malformed" "" "$(column 5)"
	for f in "${@:3}"; do
		check "no 16 bytes of ${f##*/} in the clear" "$helpers/pcap_scan" "$f" "$1"
	done
}

if [ -n "${1:-}" ]; then
	for p in "$1"/*.pcap; do
		note "$p"
		look "$p" "$1/keys.log" "$1"/*.in
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

capture()
{
	ip netns exec server dumpcap -q -i veth -P -w "$1" > "$work/dumpcap" 2>&1 &
	dumpcap=$!
	wait_for 20 capturing "$1" || die "dumpcap: $(cat "$work/dumpcap")"
}
# it writes its header when it is ready
capturing() { [ -s "$1" ] && grep -q 'File:' "$work/dumpcap"; }

capture_end()
{
	# the last packets are read in blocks: wait until the file stands still
	local size=-1

	while [ "$(stat -c %s "$1")" != "$size" ]; do
		size=$(stat -c %s "$1")
		wait_for 1 false
	done
	kill -INT "$dumpcap"
	wait "$dumpcap"
}

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
look "$work/quic.pcap" "$work/keys.log" "$work/file.in"

# TCP in the clear proves that the search can find
port_in_use() { in_ns "$1" ss -Hant "sport = :$2" | grep -q .; }
capture "$work/tcp.pcap"
transfer tcp 4434
capture_end "$work/tcp.pcap"
check_eq "the search finds what TCP sends in the clear" 1 \
	"$("$helpers/pcap_scan" "$work/file.in" "$work/tcp.pcap" > /dev/null; echo $?)"

quic_finish
