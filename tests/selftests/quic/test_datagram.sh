#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_datagram.sh - DATAGRAM frames on the wire, as somebody else's decoder reads
# them with quicd's key log: as many and as long as were sent, up to the longest
# that the path carries, at 1500 and 9000 bytes of MTU; through a link that loses
# none comes twice, and what both ends count adds up.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

sizes="4 64 192 193 700 1100"

quic_begin
start_quicd
modprobe -q sch_netem

# serve: what arrives in $work/got
serve()
{
	ip netns exec server "$helpers/dgram" serve 4433 > "$work/got" 2>&1 &
	server_pid=$!
	on_exit "kill -KILL $server_pid"
	wait_for 20 listens server 4433 || die "no server: $(cat "$work/got")"
}

# lengths: of the DATAGRAM frames in $work/decoded, one a line
lengths() { cut -f 6 "$work/decoded" | tr ',' '\n' | grep . | awk '{ print length($1) / 2 }' | sort -n; }

# wire MTU: each size, and the longest that the path carries
wire()
{
	local mtu=$1 payload=$(($1 - 28)) max

	setup_veth client server "$mtu"
	# a train would stand in the capture as one datagram of 64 KiB
	segmentation_off client
	segmentation_off server
	capture "$work/$mtu.pcap"
	serve
	# shellcheck disable=SC2086  # numbers
	check "MTU $mtu: the client sends" in_ns_to "$work/said" client "$helpers/dgram" send \
		-m "$payload" "$ip4_b" 4433 $sizes max || note "$(cat "$work/said")"
	wait "$server_pid"
	capture_end "$work/$mtu.pcap"
	max=$(awk '$1 == "max" { print $2 }' "$work/said")
	# first byte, connection ID, packet number, frame type, tag
	check_eq "MTU $mtu: the longest fills a packet" $((payload - 30)) "$max"
	check_eq "MTU $mtu: the client counts them" "sent 7 acked 7 lost 0 dropped 0" \
		"$(tail -n 1 "$work/said")"
	check_eq "MTU $mtu: the server counts them" "received 7 dropped 0" \
		"$(tail -n 1 "$work/got")"
	# shellcheck disable=SC2086  # numbers
	check_eq "MTU $mtu: they arrive as long as they were" "$(printf '%s\n' $sizes "$max")" \
		"$(grep -v '^received' "$work/got" | awk '{ print $2 }' | sort -n)"
	check_eq "MTU $mtu: none is damaged" 0 "$(grep -c bad "$work/got")"
	decode "$work/$mtu.pcap" > "$work/decoded"
	note "MTU $mtu: frames: $(column 3 | tr -s ' \n' ' ')"
	check "MTU $mtu: DATAGRAM frames are on the wire" has_frame '48|49'
	check_eq "MTU $mtu: every packet opens" "" "$(column 4)"
	check_eq "MTU $mtu: none is malformed" "" "$(column 5)"
	# shellcheck disable=SC2086  # numbers
	check_eq "MTU $mtu: the wire has the same lengths" "$(printf '%s\n' $sizes "$max")" \
		"$(lengths)"
}

# in_ns_to FILE NS COMMAND...: its output in FILE
in_ns_to() { timeout 120 ip netns exec "${@:2}" > "$1" 2>&1; }

wire 1500
wire 9000

# a link that loses, repeats and reorders
setup_veth client server
in_ns client tc qdisc add dev veth root netem delay 2ms loss 10% duplicate 5% reorder 90%
serve
check "a bad link: the client sends 600" in_ns_to "$work/said" client "$helpers/dgram" send \
	-c 200 "$ip4_b" 4433 100 600 1100 || note "$(cat "$work/said")"
wait "$server_pid"
note "client: $(tail -n 1 "$work/said"); server: $(tail -n 1 "$work/got")"
read -r _ sent _ acked _ lost _ dropped <<< "$(tail -n 1 "$work/said")"
read -r _ received _ _ <<< "$(tail -n 1 "$work/got")"
grep -v '^received' "$work/got" > "$work/lines"
check_eq "a bad link: sent and dropped are all" 600 $((sent + dropped))
check_eq "a bad link: acknowledged and lost are those sent" "$sent" $((acked + lost))
check "a bad link: some are lost" test "$lost" -gt 0
check "a bad link: what is acknowledged has arrived" test "$received" -ge "$acked"
check_eq "a bad link: what arrived is read" "$received" "$(wc -l < "$work/lines")"
check_eq "a bad link: nothing twice" "" "$(sort "$work/lines" | uniq -d)"
check_eq "a bad link: nothing damaged" 0 "$(grep -c bad "$work/lines")"
check "the namespace counts what left" test "$(stat_of DgramFramesOut client)" = "$sent"
check "and what came" test "$(stat_of DgramFramesIn server)" = "$received"

quic_finish
