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

# decode PCAP KEYS TSHARK_ARGUMENT...
decode()
{
	tshark -n -r "$1" -o "tls.keylog_file:$2" -d udp.port==443,quic -d udp.port==4433,quic \
		-d udp.port==4434,quic "${@:3}" 2> "$work/tshark"
}

# look PCAP KEYS FILE...
look()
{
	local pcap=$1 keys=$2 f

	check "tshark sees QUIC version 1" \
		test "$(decode "$pcap" "$keys" -T fields -e quic.version | tr ',' '\n' | sort -u | grep .)" = 0x00000001
	check "and reads the server's name" grep -q 'server\.' \
		<(decode "$pcap" "$keys" -Y tls.handshake.type==1 -T fields -e tls.handshake.extensions_server_name)
	decode "$pcap" "$keys" -T fields -e quic.frame_type | tr ',' '\n' | sort | uniq -c > "$work/frames"
	note "frames: $(tr -s ' \n' ' ' < "$work/frames")"
	check "STREAM frames are decrypted" grep -qE ' (8|9|10|11|12|13|14|15)$' "$work/frames"
	check "ACK frames are" grep -qE ' (2|3)$' "$work/frames"
	check "HANDSHAKE_DONE is" grep -qE ' 30$' "$work/frames"
	check "CONNECTION_CLOSE is" grep -qE ' (28|29)$' "$work/frames"
	check "nothing fails to decrypt" test \
		"$(decode "$pcap" "$keys" -Y quic.decryption_failed -T fields -e frame.number | wc -l)" = 0 ||
		note "$(decode "$pcap" "$keys" -Y quic.decryption_failed | head -n 5)"
	check "nothing is malformed" test \
		"$(decode "$pcap" "$keys" -Y _ws.malformed -T fields -e frame.number | wc -l)" = 0 ||
		note "$(decode "$pcap" "$keys" -Y _ws.malformed | head -n 5)"
	check "without the keys no STREAM frame is" test \
		"$(decode "$pcap" /dev/null -Y quic.stream -T fields -e frame.number | wc -l)" = 0
	for f in "${@:3}"; do
		check "no 16 bytes of ${f##*/} in the clear" "$helpers/pcap_scan" "$f" "$pcap"
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
head -c 1M /dev/urandom > "$work/file.in"
cp "$work/file.in" "$work/file"

# a capture of one transfer over TCP proves that the search can find
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

port_in_use() { in_ns "$1" ss -Hant "sport = :$2" | grep -q .; }
capture "$work/tcp.pcap"
transfer tcp 4434
capture_end "$work/tcp.pcap"
check_eq "the search finds what TCP sends in the clear" 1 \
	"$("$helpers/pcap_scan" "$work/file.in" "$work/tcp.pcap" > /dev/null; echo $?)"

quic_finish
