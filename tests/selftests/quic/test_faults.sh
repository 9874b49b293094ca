#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_faults.sh - what may happen to trains while bytes are on their way: lost, doubled
# and overtaken whole; a device that no longer segments, a socket that is refused GSO; no
# checksum offload, and bits that flip; an MTU that shrinks here or further on; tcpdump;
# a queue that is too short; memory that runs out; rmmod. All arrives, equal, and what
# was meant did happen: counters, or what the queue dropped, say so.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

# What is done in the middle is done in the middle: until then bytes leave slowly, in
# whole trains.
slow() { in_ns client tc qdisc replace dev veth root tbf rate 10mbit burst 70k limit 400k; }
fast() { in_ns client tc qdisc change dev veth root tbf rate 1gbit burst 200k limit 4m; }

declare -A before
# mark COUNTER.NS...; of COUNTER.NS: what it rose by since then
mark() { local c; for c; do before[$c]=$(stat_of "${c%.*}" "${c#*.}"); done; }
of() { echo $(($(stat_of "${1%.*}" "${1#*.}") - before[$1])); }
rose() { [ "$(of "$1")" -ge "$2" ]; }

serve()
{
	start_server server 4433 "$tools/quicperf" server -q -p 4433
	perf_server=$server_pid
}

# begins WHAT BYTES [HOST]: client to server, in the background, until it is under way
begins()
{
	what=$1
	mark OutDatagrams.client InDatagrams.server OutTrains.client InTrains.server \
		DropChecksum.server DropDecrypt.server DropDuplicate.server \
		XmitError.client LossesSpurious.client
	timeout 200 ip netns exec client "$tools/quicperf" client -q --json -p 4433 -b "$2" -m 64K \
		--server-name server.test "${3:-$ip4_b}" > "$work/perf" 2>&1 &
	perf=$!
	check "$what: under way" wait_for 60 rose OutDatagrams.client 200
}

# amid: what was done was done in the middle; now the rest may come
amid()
{
	check "$what: in the middle" kill -0 "$perf"
	fast
}

# arrives [LARGEST]: datagrams of so many bytes at most, in the end
arrives()
{
	wait "$perf"
	check_eq "$what: it arrives" 0 "$?" || note "$(cat "$work/perf")"
	check_eq "$what: SHA-256" true "$(field "$work/perf" match)"
	check_eq "$what: every packet opens" 0 "$(of DropDecrypt.server)"
	note "$what: $(field "$work/perf" mb_per_s) MB/s, trains and datagrams:" \
		"$(of OutTrains.client) $(of OutDatagrams.client) out," \
		"$(of InTrains.server) $(of InDatagrams.server) in"
	if [ -n "${1:-}" ]; then
		check "$what: the MTU is followed" test "$(field "$work/perf" mtu)" -le "$1"
	fi
}

# whole [WHAT BYTES [HOST]]: all of it in one go
whole()
{
	begins "$@"
	arrives
}

# dropped NS: by the queue of its veth
dropped()
{
	in_ns "$1" tc -s qdisc show dev veth | sed -n 's/.*(dropped \([0-9]*\),.*/\1/p' | head -n 1
}

# some_queued: a skb waits in the queue of the client's veth
some_queued() { in_ns client tc -s qdisc show dev veth | grep -q 'backlog [^ ]* [1-9][0-9]*p'; }

# singly: from a while after now, the server gets no trains any more
singly()
{
	mark InDatagrams.server
	wait_for 30 rose InDatagrams.server 200
	mark InTrains.server
}

quic_begin
start_quicd
setup_veth client server
serve
modprobe -q -a sch_netem sch_tbf

# --- trains lost, doubled, overtaken ---

netem_trains client veth loss 5% delay 2ms limit 1000
whole "trains lost whole" 4M
check "$what: they were trains" rose OutTrains.client 50
check "$what: some were lost" test "$(dropped client)" -ge 1
plain_link client
netem_trains client veth duplicate 30% delay 2ms limit 1000
whole "trains doubled" 4M
check "$what: the second one is dropped" rose DropDuplicate.server 40
netem_trains client veth delay 5ms reorder 20% limit 1000
whole "trains overtaken" 4M
check "$what: they were trains" rose InTrains.server 50
check "$what: losses that were none" rose LossesSpurious.client 1
note "$what: $(of LossesSpurious.client) losses were none"
netem client veth loss 0.2% delay 2ms limit 10000
whole "datagrams lost singly" 2M
check_eq "$what: no trains" "0 0" "$(of OutTrains.client) $(of InTrains.server)"
plain_link client

# --- GSO refused: by the device, then the stack cuts; and to the socket ---

offload_on client
slow
begins "a device that no longer segments" 8M
in_ns client ethtool -K veth tx-udp-segmentation off
singly
check "$what: trains before" rose OutTrains.client 3
amid
arrives
check_eq "$what: and no more" 0 "$(of InTrains.server)"
offload_on client
slow
begins "GSO refused" 8M
segmentation_off client
ip -n client route flush cache	# the socket asks its route anew
check "$what: trains before" rose OutTrains.client 3
singly
mark OutTrains.client
amid
arrives
check_eq "$what: and no more" "0 0" "$(of OutTrains.client) $(of InTrains.server)"
slow
begins "GSO again" 8M
trains=$(of OutTrains.client)
offload_on client
ip -n client route flush cache
amid
arrives
check_eq "$what: no trains before" 0 "$trains"
check "$what: then trains" rose OutTrains.client 10

# --- no checksum offload ---

slow
begins "checksums by software" 8M
in_ns client ethtool -K veth tx off > "$work/ethtool"
in_ns server ethtool -K veth tx off > "$work/ethtool"
check "$what: switched off" grep -q 'tx-checksumming: off' <(in_ns client ethtool -k veth)
singly
amid
arrives
check_eq "$what: all were right" "0 0" "$(of DropChecksum.server) $(of InTrains.server)"
plain_link client
offload_on client
offload_on server

# --- an MTU that shrinks under trains ---

# narrows WHAT HOST FROM TO LARGEST: both ends, the nearer first
narrows()
{
	ip -n client link set veth mtu "$3"
	ip -n server link set veth mtu "$3"
	slow
	begins "$1" 12M "$2"
	check "$what: it was wide" wait_for 30 conn_has client mtu $(($5 + $3 - $4))
	ip -n client link set veth mtu "$4"
	ip -n server link set veth mtu "$4"
	amid
	arrives "$5"
	check "$what: under trains" rose OutTrains.client 50
	plain_link client
}
narrows "from 9000 to 1500, IPv4" "$ip4_b" 9000 1500 1472
narrows "from 1500 to 1280, IPv6" "$ip6_b" 1500 1280 1232

# --- tcpdump ---

ip -n client link set veth mtu 1500
ip -n server link set veth mtu 1500
slow
begins "tcpdump" 16M
dump=()
for ns in client server; do
	ip netns exec $ns tcpdump -q -i veth -s 0 -B 16384 -w "$work/$ns.pcap" > "$work/tcpdump.$ns" 2>&1 &
	dump+=("$!")
	check "$what: $ns listens" wait_for 20 has_line 'listening on' "$work/tcpdump.$ns"
done
amid
arrives
kill -INT "${dump[@]}"
wait "${dump[@]}"
for ns in client server; do
	note "$what: $ns: $(tr '\n' ' ' < "$work/tcpdump.$ns")"
	check "$what: $ns has seen it" test "$(stat -c %s "$work/$ns.pcap")" -gt 1000000
done
rm -f "$work"/*.pcap
plain_link client

# --- a queue that is too short ---

# two trains, the least that may lie below a connection (queue.c), do not fit
in_ns client tc qdisc replace dev veth root tbf rate 200mbit burst 70k limit 90k
whole "a short queue of trains" 4M
check "$what: it dropped" test "$(dropped client)" -ge 1
check "$what: and said so" rose XmitError.client 1
in_ns client tc qdisc replace dev veth root tbf rate 200mbit burst 2000 limit 100k
whole "a short queue that cuts trains" 4M
check "$what: it dropped" test "$(dropped client)" -ge 1
check "$what: trains came to it" rose OutTrains.client 50
# two short ones fit its burst
check "$what: next to none left it" test "$(of InTrains.server)" -lt 10
plain_link client

# --- memory ---

fail=/sys/kernel/debug/quicsock/fail
for kind in "100 tx" "100 rx" "20 rx_chunk rx_small"; do
	echo "every $kind" > "$fail"
	whole "every $kind fails" 4M
	failed=$(awk '$1 == "failed" { print $2 }' "$fail")
	echo off > "$fail"
	check "$what: they did, $failed times" test "$failed" -ge 1
done

# --- rmmod ---

slow
begins "rmmod" 8M
refused=0
for _ in $(seq 10); do
	! rmmod quicsock 2> "$work/rmmod" && grep -q 'in use' "$work/rmmod" && refused=$((refused + 1))
done
amid
arrives
check_eq "$what: refused each time" 10 "$refused"
plain_link client

# --- the same further on: a router's link ---

kill "$perf_server"
wait "$perf_server" 2> /dev/null
setup_routed
serve
slow
begins "a router's link that narrows" 8M
ip -n router link set far mtu 1300
ip -n server link set veth mtu 1300
amid
arrives 1272
check "$what: under trains" rose OutTrains.client 50
plain_link client

# without checksum offload they have checksums, which see what flips on the way
offload_off client
netem router far corrupt 2% limit 10000
whole "bits that flip" 4M
check "$what: the checksum sees it" rose DropChecksum.server 10

# --- nobody is left but trains in a queue ---

netem_trains client veth delay 100ms limit 10000
begins "killed" 64M
netem_trains client veth delay 100s limit 10000
check "$what: a train is held" wait_for 20 some_queued
kill -KILL "$perf" "$perf_server"
wait "$perf" "$perf_server" 2> /dev/null
stop_quicd KILL
check "$what: the module does not go before it" test "$(rmmod quicsock 2>&1 | grep -c 'in use')" = 1
check "$what: it was still there" some_queued
plain_link client
quic_finish
