#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_train.sh - UDP trains cross this kernel whole, in both directions.
#
# The first test of all: what kmod/glue does when it sends and receives stands
# on what is counted here.  N trains of 44 datagrams of 1400 bytes
#   - arrive as N skbs over a veth that passes GSO, and over lo;
#   - arrive as N x 44 intact datagrams through a device that can do nothing,
#     alone or, with GRO at the receiver, joined again;
#   - vanish without a trace where the checksum fields of the skb are not set;
# IPv4 and IPv6, with and without encap_type on the receiving socket.

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

trains=50 segs=44 size=1400 port=4433
total=$((trains * segs))

# what the module has counted, as of the last look
declare -A tx rx
look()
{
	local k v

	while read -r k v; do tx[$k]=$v; done < /proc/quic_train_tx
	while read -r k v; do rx[$k]=$v; done < /proc/quic_train_rx
}

arrived() { look; [ "${rx[datagrams]}" -ge "$total" ]; }

show() { note "tx: ${tx[*]@K}"; note "rx: ${rx[*]@K}"; }

# send FAMILY NS SRC DST [WORD]: the trains of one run.
send() { in_ns "$2" sh -c "echo $1 $3 $4 $port $trains $segs $size ${5:-} > /proc/quic_train_tx"; }

open_rx() { in_ns "$2" sh -c "echo open $1 $port ${3:-} > /proc/quic_train_rx"; }

close_rx() { echo close > /proc/quic_train_rx; }

# everything that was sent came once and undamaged
all_intact()
{
	[ "${tx[sent]}" = "$trains" ] && [ "${tx[failed]}" = 0 ] &&
		[ "${rx[datagrams]}" = "$total" ] &&
		[ "${rx[bytes]}" = $((total * size)) ] &&
		[ "${rx[bad_csum]}" = 0 ] && [ "${rx[bad_content]}" = 0 ] &&
		[ "${rx[doubled]}" = 0 ] && [ "${rx[sk_drops]}" = 0 ]
}

as_whole_trains()
{
	[ "${rx[skbs]}" = "$trains" ] && [ "${rx[min_segs]}" = "$segs" ] &&
		[ "${rx[max_segs]}" = "$segs" ]
}

as_single_datagrams() { [ "${rx[skbs]}" = "$total" ] && [ "${rx[gso_skbs]}" = 0 ]; }

# GRO may cut where it likes, but it must have joined something
joined_again() { [ "${rx[gso_skbs]}" -gt 0 ] && [ "${rx[skbs]}" -lt "$total" ]; }

# run WHAT FAMILY NS_TX NS_RX SRC DST SHAPE [ENCAP]
run()
{
	local what=$1

	if ! open_rx "$2" "$4" "${8:-}"; then
		not_ok "$what: receiver"
		return
	fi
	if ! send "$2" "$3" "$5" "$6"; then
		not_ok "$what: sender"
	else
		wait_for 10 arrived || true
		check "$what: $total datagrams intact" all_intact || show
		check "$what: $7" "${7// /_}" || show
		note "skbs ${rx[skbs]}, trains ${rx[gso_skbs]}, with frag_list" \
			"${rx[frag_lists]}, segments ${rx[min_segs]} to ${rx[max_segs]}"
	fi
	close_rx
}

both()
{
	run "IPv4 $1" 4 "$ns_a" "$ns_b" "$ip4_a" "$ip4_b" "$2" "${3:-}"
	run "IPv6 $1" 6 "$ns_a" "$ns_b" "$ip6_a" "$ip6_b" "$2" "${3:-}"
}

# Without csum_start a train is sent "successfully" and never seen again.
vanish()
{
	open_rx "$1" "$ns_b"
	send "$1" "$ns_a" "$2" "$3" nocsum
	# a good run behind it, in order, ends the wait for what must not come
	send "$1" "$ns_a" "$2" "$3"
	wait_for 10 arrived || true
	check_eq "IPv$1 trains without checksum fields vanish" "$total 0" \
		"${rx[datagrams]} ${rx[doubled]}"
	close_rx
}

load_module quic_train_test || die "cannot load quic_train_test"
setup_veth sender receiver

both "veth, GSO" "as whole trains"
both "veth, GSO, encap_type" "as whole trains" encap
vanish 4 "$ip4_a" "$ip4_b"
vanish 6 "$ip6_a" "$ip6_b"
run "IPv4 lo" 4 "$ns_b" "$ns_b" 127.0.0.1 127.0.0.1 "as whole trains"
run "IPv6 lo" 6 "$ns_b" "$ns_b" ::1 ::1 "as whole trains"

offload_off "$ns_a" || die "ethtool cannot switch offloads off"
in_ns "$ns_b" ethtool -K veth gro off || die "ethtool cannot switch GRO off"
both "device without GSO" "as single datagrams"

in_ns "$ns_b" ethtool -K veth gro on || die "ethtool cannot switch GRO on"
both "device without GSO, GRO" "joined again"
both "device without GSO, GRO, encap_type" "joined again" encap

finish
