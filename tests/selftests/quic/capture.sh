# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# capture.sh - datagrams on the server's veth into a file, and what somebody else's
# decoder reads in it with quicd's key log.  Read after env.sh; turn segmentation
# off first: a train would stand in the capture as one datagram of 64 KiB.

# shellcheck disable=SC2154  # of env.sh

# the number of each PCAP, of those that capture() makes
declare -A captured
captures=0

# packets PCAP ARGUMENT...: tshark with quicd's key log; outside of the guest where
# scripts/vm offers that.  What it complains about is in $work/tshark.
packets()
{
	local dir rc

	set -- "$1" -d udp.port==443,quic -d udp.port==4433,quic "${@:2}"
	if [ ! -d /run/vm/tshark ]; then
		tshark -n -r "$1" -o "tls.keylog_file:$work/keys.log" "${@:2}" 2> "$work/tshark"
		return
	fi
	# few programs: they take longer than the decoder. A capture is handed over once.
	dir=/run/vm/tshark/$$.${captured[$1]:-${EPOCHREALTIME/./}}
	if [ ! -e "$dir" ]; then
		mkdir "$dir"
		cp "$1" "$dir/pcap"
	fi
	printf '%s\n' "$(< "$work/keys.log")" > "$dir/keys"
	printf '%s\0' "${@:2}" > "$dir/job.new"
	mv "$dir/job.new" "$dir/job"
	wait_for 120 test -e "$dir/status" || echo 124 > "$dir/status"
	cat "$dir/out"
	printf '%s\n' "$(< "$dir/err")" > "$work/tshark"
	rc=$(< "$dir/status")
	# in this order: it is done as long as it is a job
	rm "$dir/job" "$dir/status"
	return "$rc"
}
on_exit "rm -rf /run/vm/tshark/$$.*"

# decode PCAP: a line for each datagram, fields separated by tabs: versions,
# TLS server name, frame types, decryption failed, malformed, bytes of DATAGRAM frames,
# spin bits, types of long headers of version 1, and 2, TLS messages, bytes, port it is to
decode()
{
	packets "$1" -T fields -e quic.version -e tls.handshake.extensions_server_name \
		-e quic.frame_type -e quic.decryption_failed -e _ws.malformed -e quic.dg \
		-e quic.spin_bit -e quic.long.packet_type -e quic.long.packet_type_v2 \
		-e tls.handshake.type -e udp.length -e udp.dstport
}

# column N: the values in a field of $work/decoded, each once with its number
column() { cut -f "$1" "$work/decoded" | tr ',' '\n' | grep . | sort | uniq -c; }

has_frame() { column 3 | grep -qE " ($1)\$"; }

most_open()
{
	awk -F '\t' '$4 != "" { n++ } END { exit !(NR > 100 && n < NR / 10) }' "$work/decoded"
}

# first_datagrams: of handshakes in $work/decoded, "WHO WHAT BYTES": who is client or
# server, what is Initial, together (with Handshake in one datagram) or hello (ServerHello)
first_datagrams()
{
	awk -F '\t' 'function has(list, x) { return ("," list ",") ~ "," x "," }
		{ client = $12 == 443 || $12 == 4433; who = client ? "client" : "server"
		  initial = has($8, 0) || has($9, 1); other = has($8, 2) || has($9, 3) }
		initial { print who, "Initial", $11 - 8 }
		initial && other { print who, "together", $11 - 8 }
		initial && has($10, 2) { print who, "hello", $11 - 8 }' "$work/decoded"
}

# look_first WHAT: padding and coalescing (RFC 9000 12.2, 14.1)
look_first()
{
	first_datagrams > "$work/first"
	check_eq "$1: Initials of clients are in full datagrams" "" \
		"$(awk '$1 == "client" && $2 == "Initial" && $3 < 1200' "$work/first")"
	check_eq "$1: and a server's that are to be acknowledged" "" \
		"$(awk '$1 == "server" && $2 == "hello" && $3 < 1200' "$work/first")"
	check "$1: Initial and Handshake of a server come in one datagram" \
		grep -q '^server together' "$work/first"
}

# look WHAT PCAP FILE...: version 1, or look_version; with look_paths the addresses
# change on the way: the decoder then takes some packets for the other direction's, and
# their numbers for others, so that it opens most
look()
{
	local f

	decode "$2" > "$work/decoded"
	note "$1: $(wc -l < "$work/decoded") datagrams; frames: $(column 3 | tr -s ' \n' ' ')"
	check_eq "$1: all long headers are of the version" "${look_version:-0x00000001}" \
		"$(column 1 | awk '{ print $2 }')"
	check "$1: the ClientHello is read" test "$(column 2 | grep -c 'server\.')" -gt 0
	check "$1: STREAM frames are decrypted" has_frame '8|9|10|11|12|13|14|15'
	check "$1: ACK frames are" has_frame '2|3'
	check "$1: HANDSHAKE_DONE is" has_frame 30
	check "$1: NEW_CONNECTION_ID is" has_frame 24
	check_eq "$1: no packet spins" 0 "$(column 7 | awk '{ print $2 }')"
	look_first "$1"
	if [ -n "${look_paths:-}" ]; then
		check "$1: most packets open" most_open
	else
		check "$1: CONNECTION_CLOSE is" has_frame '28|29'
		check_eq "$1: every packet opens" "" "$(column 4)"
	fi || note "not these datagrams: $(awk -F '\t' '$4 != "" { printf " %d", NR }' "$work/decoded")"
	check_eq "$1: none is malformed" "" "$(column 5)"
	for f in "${@:3}"; do
		check "$1: no 16 bytes of ${f##*/} in the clear" "$helpers/pcap_scan" "$f" "$2"
	done
}

# capture PCAP [FILTER]: begin.  capture_end PCAP: everything is in it.
# What ICMP messages quote is no packet of its own.
capture()
{
	captured[$1]=$((++captures))
	# what the last one left is no sign of this one
	: > "$1"
	: > "$work/dumpcap"
	ip netns exec server dumpcap -q -i veth -P -B 32 -f "${2:-udp or tcp} or udp dst port 9" \
		-w "$1" > "$work/dumpcap" 2>&1 &
	dumpcap=$!
	wait_for 20 capturing "$1" || die "dumpcap: $(cat "$work/dumpcap")"
}
# it writes its header when it is ready
capturing() { [ -s "$1" ] && has_line File: "$work/dumpcap"; }

# quiet: nothing has gone over the link for half a second; nobody answers later than that
quiet()
{
	local line now=

	read_net server dev
	for line in "${net_lines[@]}"; do
		[[ ! $line =~ ^\ *veth: ]] || now=$line
	done
	if [ "$now" != "${link_said:-}" ]; then
		link_said=$now link_since=${EPOCHREALTIME/./}
		return 1
	fi
	[ $((${EPOCHREALTIME/./} - link_since)) -ge $((500000 * ${SELFTEST_SLOW:-1})) ]
}

# marked PCAP MARK: asked a few times; the netem may have lost it
marked()
{
	# to all on the link: no ICMP message answers
	ip netns exec server "$BASH" -c "echo $2 > /dev/udp/ff02::1%veth/9"
	for _ in {1..10}; do
		grep -qaF "$2" "$1" && return
		breath
		breath
		breath
		breath
	done
	return 1
}

# However late dumpcap comes to it: what left before the mark is in the file before it.
capture_end()
{
	local mark=end-of-capture-$captures-$RANDOM

	wait_for 60 quiet
	wait_for 30 marked "$1" "$mark" || note "the capture has no end"
	kill -INT "$dumpcap"
	wait "$dumpcap"
	# a decoder that misses packets takes the numbers of later ones wrong
	grep 'received/dropped' "$work/dumpcap" | grep -v '/0 (pcap' | sed 's/^/# lost by the capture: /'
}
