#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_queue.sh - a device that is slow: what waits in its queue is bounded, trains stay
# whole in it or are cut there; nothing is dropped where a window's worth would not fit, and
# transmission goes on when some has left.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

quic_begin
start_quicd
setup_veth client server
modprobe -q -a sch_tbf sch_netem
start_server server 4433 "$tools/quicperf" server -q -p 4433

# Mbit/s: less than the sender could do, on a kernel that searches for mistakes as well
rate=50
[ -z "${SELFTEST_SLOW:-}" ] || rate=2

# what a queue may come to: the limit is two trains, and a third one passes it
most=$((3 * 65536))

# queue NAME: a number of the client's qdisc
queue() { in_ns client tc -s -j qdisc show dev veth root | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"; }
# more NAME BEFORE: by how much a counter of the client rose
more() { echo $(($(stat_of "$1" client) - $2)); }

# moves WHAT BYTES: client to server, hashed at both ends; sets $peak, of the queue
moves()
{
	local n pid

	timeout 120 ip netns exec client "$tools/quicperf" client -q --json -p 4433 -b "$2" \
		-m 64K --server-name server.test "$ip4_b" > "$work/perf" 2>&1 &
	pid=$!
	peak=0
	while kill -0 $pid 2> /dev/null; do
		n=$(queue backlog)
		[ "${n:-0}" -le "$peak" ] || peak=$n
	done
	wait $pid
	check_eq "$1" 0 "$?" || note "$(tail -n 3 "$work/perf")"
	check_eq "$1: SHA-256" true "$(field "$work/perf" match)"
}

# slow WHAT BYTES ARGUMENT...: through a qdisc that is replaced for it; sets $trains
slow()
{
	local stops resumes

	in_ns client tc qdisc replace dev veth root "${@:3}" || die "tc ${*:3}"
	trains=$(stat_of OutTrains client)
	stops=$(stat_of QueueStops client)
	resumes=$(stat_of QueueResumes client)
	moves "$1" "$2"
	note "$1: the queue had $peak bytes at most; $(more QueueStops "$stops") stops, $(more QueueResumes "$resumes") times some had left"
	check "$1: the queue stays short" test "$peak" -le $most
	check "$1: it was in use" test "$(queue overlimits)" -gt 0
	check_eq "$1: nothing is dropped" 0 "$(queue drops)"
	check "$1: transmission stops, and goes on" test "$(more QueueStops "$stops")" -ge 5 -a \
		"$(more QueueResumes "$resumes")" -ge 5
	trains=$(more OutTrains "$trains")
	in_ns client tc qdisc del dev veth root
}

slow "trains" 4M tbf rate "${rate}mbit" burst 140kb limit 300kb
check "trains: they were trains" test "$trains" -gt 0
slow "trains that are cut" 4M tbf rate "${rate}mbit" burst 4kb limit 300kb
check "trains that are cut: they were trains" test "$trains" -gt 0
segmentation_off client
slow "single datagrams" 4M tbf rate "${rate}mbit" burst 10kb limit 300kb
check_eq "single datagrams: there was no train" 0 "$trains"
offload_on client

# netem takes skbs from their owner without telling: the rate alone stops nothing for ever
in_ns client tc qdisc replace dev veth root netem rate 50mbit delay 1ms limit 20000
moves "memory that is given back in silence" 4M
in_ns client tc qdisc del dev veth root

# loopback lets skbs go at once: where nothing ever waits nothing stops
server_quiet=$server_pid
start_server client 4433 "$tools/quicperf" server -q -p 4433
stops=$(stat_of QueueStops client)
ip4_b=127.0.0.1
moves "no queue" 16M
kill "$server_pid"
wait "$server_pid" 2> /dev/null
server_pid=$server_quiet
check_eq "no queue: nothing stops" 0 "$(more QueueStops "$stops")"

# the end of a connection does not wait
in_ns client tc qdisc replace dev veth root tbf rate 20mbit burst 140kb limit 300kb
check "no connection is left" wait_for 60 no_conns client

kill "$server_pid"
wait "$server_pid" 2> /dev/null
quic_finish
