#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_wire.sh - bad datagrams: random bytes, bytes that look like QUIC, cut and
# changed copies of real packets, datagrams of 64 KiB; at the port of a listener
# and at both ends of connections that are busy. The transfers must end well, the
# counters of drops must move, and nothing may stay behind.

# shellcheck disable=SC2016  # awk
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

# a hundred thousand in all; QUIC_TEST_SCALE (percent) for a machine that is slow
scale=${QUIC_TEST_SCALE:-100}
many=$((80000 * scale / 100)) some=$((10000 * scale / 100))

quic_begin
start_quicd
setup_veth client server
head -c 8M /dev/urandom > "$work/file"
mkdir "$work/got"

start_server server 443 "$tools/quicserve" -q -p 443 -d "$work"
fetch() { timeout 100 ip netns exec client "$tools/quicget" -q --server-name server.test -o "$work/got" "$@"; }

# warm: what is made once and stays is made now
check "a transfer before" fetch "$ip4_b" file
calm() { [ "$(wc -l < /proc/net/quic/conns)" = 1 ]; }
all_calm() { in_ns client "$BASH" -c "$(declare -f calm); calm" && in_ns server "$BASH" -c "$(declare -f calm); calm"; }
wait_for 20 all_calm
wait_for 20 no_conns_held
before=$(quic_objects)

# drops: the sum of what the namespace dropped
drops() { in_ns "$1" awk '/^Drop/ { n += $2 } END { print n }' /proc/net/quic/stat; }

# --- an idle port ---
n=$(drops server)
check "$many bad datagrams to the listener" timeout 90 \
	ip netns exec client "$helpers/junk" "$ip4_b" 443 "$many" 11
check "$some by IPv6" timeout 60 ip netns exec client "$helpers/junk" "$ip6_b" 443 "$some" 12
check "the counters moved" test "$(drops server)" -gt $((n + (many + some) / 2)) ||
	note "$n before, $(drops server) after"
check "a transfer after" fetch "$ip4_b" file
check "is the same" cmp "$work/file" "$work/got/file"
check "no object more than before" wait_for 40 same_objects "$before" ||
	note "$(diff <(echo "$before") <(quic_objects))"

# --- during a transfer, at both ends ---
client_port() { in_ns client ss -Hanu | awk '{ n = split($4, a, ":"); print a[n] }' | head -n 1; }
has_port() { [ -n "$(client_port)" ]; }

rm -f "$work/got/file"
netem server veth rate 10mbit limit 10000
fetch "$ip4_b" file > "$work/fetch" 2>&1 &
fetching=$!
wait_for 10 has_port
port=$(client_port)
ip netns exec client "$helpers/junk" -l "$ip4_b" 443 "$some" 13 > "$work/junk1" &
junk1=$!
check "3,000 bad datagrams to the busy client's port" \
	ip netns exec server "$helpers/junk" "$ip4_a" "$port" 3000 14
check "the transfer was still on" kill -0 "$fetching"
wait "$junk1"
check "$some to the busy server's port, most with its connection's ID" grep -q sent "$work/junk1"
wait "$fetching"
check_eq "the transfer ended well" 0 "$?" || note "$(cat "$work/fetch")"
check "and intact" cmp "$work/file" "$work/got/file"
in_ns server tc qdisc del dev veth root

# --- real packets, cut and changed ---
# through [4|6] ADDRESS
through()
{
	rm -f "$work/got/file" "$work/relay"
	ip netns exec server "$helpers/relay" 4433 "$1" 443 > "$work/relay" 2>&1 &
	relay=$!
	wait_for 10 port_in_use server 4433
	check "$2: a transfer through a network that mangles" fetch -p 4433 "$1" file
	check "$2: is intact" cmp "$work/file" "$work/got/file"
	check "$2: prefixes, turned bits, replays were sent" wait_for 10 has_line '^mangled' "$work/relay"
	check "$2: a file that was sent by splice is as it was" \
		grep -q '^spliced [1-9].*is as it was' "$work/relay"
	kill "$relay"
	wait "$relay" 2> /dev/null
	note "$(tail -n 1 "$work/relay")"
}

n=$(stat_of DropDecrypt server)
fails=$(stat_of HandshakeFails server)
through "$ip4_b" IPv4
through "$ip6_b" IPv6
check "what does not open is counted" test "$(stat_of DropDecrypt server)" -gt $((n + 1000))
check "no object more than before" wait_for 40 same_objects "$before" ||
	note "$(diff <(echo "$before") <(quic_objects))"
check_eq "no embryo stays" 1 "$(in_ns server cat /proc/net/quic/conns | wc -l)"
check_eq "a first datagram that comes again starts no handshake" "$fails" \
	"$(stat_of HandshakeFails server)"

quic_finish
