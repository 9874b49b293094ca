#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_trains.sh - who does the work of a train. A program that sleeps in recvmsg() opens
# what comes for it on its own CPU, one in sendmsg() seals what the window lets go, and
# one that gets no CPU holds nobody up. Small writes share packets, unless told not to.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

quic_begin
start_quicd
setup_veth client server
modprobe -q sch_netem
start_server server 4433 "$tools/quicperf" server -q -p 4433

before=()
# moves WHAT BYTES [OPTION]...: client to server, hashed at both ends; $before is what
# starts the client
moves()
{
	check "$1" test -n "$(timeout 120 ip netns exec client "${before[@]}" "$tools/quicperf" client -q --json \
		-p 4433 -b "$2" "${@:3}" --server-name server.test "$ip4_b" > "$work/perf" 2>&1 &&
		echo well)"
	check_eq "$1: SHA-256" true "$(field "$work/perf" match)"
}
# more NAME NS BEFORE: by how much a counter rose
more() { echo $(($(stat_of "$1" "$2") - $3)); }

# --- on the sleeper's CPU ---

left=$(stat_of TrainsLeft server)
moves "bulk" 16M -m 64K
note "$(more TrainsLeft server "$left") of $(stat_of InTrains server) trains were left to the reader"
check "trains are left to who sleeps in recvmsg()" test "$(more TrainsLeft server "$left")" -ge 10

netem_trains client veth delay 5ms limit 20000
netem_trains server veth delay 5ms limit 20000
left=$(stat_of SendsLeft client)
moves "10 ms" 8M -m 64K
note "$(more SendsLeft client "$left") times the writer was woken to send"
check "who sleeps in sendmsg() is woken to send" test "$(more SendsLeft client "$left")" -ge 1
in_ns client tc qdisc del dev veth root
in_ns server tc qdisc del dev veth root

# --- one who gets no CPU: the writer has the same one, and comes first ---

taskset -a -p 1 "$server_pid" > /dev/null || die "taskset"
chrt --idle -a -p 0 "$server_pid" > /dev/null || die "no SCHED_IDLE"
late=$(stat_of TrainsLate server)
probes=$(stat_of Probes client)
before=(taskset 1)
moves "a reader without a CPU" 16M -m 64K
before=()
note "$(more TrainsLate server "$late") times trains were opened for him, $(more Probes client "$probes") probes"
chrt --other -a -p 0 "$server_pid" > /dev/null
taskset -a -p 3 "$server_pid" > /dev/null

# --- small writes ---

moves "messages of 1 KiB" 2M -m 1K
packets=$(field "$work/perf" sent_pkts)
note "2048 messages in $packets packets"
shared=$packets
moves "with nodelay" 2M -m 1K --nodelay
packets=$(field "$work/perf" sent_pkts)
# fewer than messages: what the window or pacing stops shares packets as well
note "2048 messages in $packets packets"
check "they shared packets before, and leave at once now" test "$packets" -gt "$shared"

check_eq "nothing was dropped" "0 0" "$(stat_of DropBacklog server) $(stat_of DropDecrypt server)"
kill "$server_pid"
wait "$server_pid" 2> /dev/null
quic_finish
