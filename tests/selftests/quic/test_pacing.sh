#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_pacing.sh - who paces: our own timer, or fq where that is the device's qdisc, which
# then gets trains ahead of the time at which they leave. SO_MAX_PACING_RATE holds for both.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

quic_begin
start_quicd
setup_veth client server
modprobe -q sch_fq
# not near, or whole trains leave at once; and fast, or each train is worth as much as fq holds
in_ns server tc qdisc add dev veth root netem delay 5ms limit 10000 || die "no netem"

rate=16000000
port=4433

# more NAME BEFORE: by how much a counter of the client rose
more() { echo $(($(stat_of "$1" client) - $2)); }

# paced WHAT: 16 MB at $rate; sets $timers, that fired, and $timed, trains with a time to come
paced()
{
	local fired trains

	port=$((port + 1))
	fired=$(stat_of PacingTimers client)
	trains=$(stat_of OutTimed client)
	plays server server accept:$port recv:2:16000000 recv:2:0 hear
	wait_for 20 listens server $port || die "nobody listens"
	plays client client maxrate:$rate "connect:$ip4_b:$port" open:uni send:2:16000000:fin \
		paced:$rate close:0
	ended "$1: all leaves, at no more than the rate" client
	ended "$1: all arrives" server
	timers=$(more PacingTimers "$fired")
	timed=$(more OutTimed "$trains")
	note "$1: the pacing timer fired $timers times, $timed trains left with a time to come"
}

paced "no qdisc"
check "no qdisc: the timer paces" test "$timers" -ge 100
check_eq "no qdisc: nothing is ahead of its time" 0 "$timed"
own=$timers

in_ns client tc qdisc replace dev veth root fq || die "no fq"
paced "fq"
held=$(in_ns client tc -s qdisc show dev veth root | grep -o ' throttled [0-9]*' | tail -n 1 | tr -dc 0-9)
note "fq: held $held skbs"
check "fq: trains leave ahead of their time" test "$timed" -ge 100
check "fq: it holds them" test "${held:-0}" -ge 100
check "fq: the timer has less to do" test "$timers" -le $((own / 2))
check_eq "fq: drops nothing" 0 \
	"$(in_ns client tc -s -j qdisc show dev veth root | sed -n 's/.*"drops":\([0-9]*\).*/\1/p')"

# a device without fq, of a connection that has met one: the core notices by an ACK that is here
# before what it acknowledges was to leave, so by a peer that is near; then the timer paces
in_ns server tc qdisc del dev veth root || die "netem is not there"
plays server server accept:5433 recv:2:400000 recv:2:8000000 recv:2:0 hear
wait_for 20 listens server 5433 || die "nobody listens"
plays client client maxrate:$rate "connect:$ip4_b:5433" open:uni send:2:400000 line \
	send:2:7600000:fin paced:$rate close:0
waits_for server recv:2:400000
in_ns client tc qdisc del dev veth root
fired=$(stat_of PacingTimers client)
timed=$(stat_of OutTimed client)
tell client
ended "fq goes away: all leaves" client
ended "fq goes away: all arrives" server
note "fq goes away: the pacing timer fired $(more PacingTimers "$fired") times, $(more OutTimed "$timed") trains were early"
check "fq goes away: the timer paces" test "$(more PacingTimers "$fired")" -ge 100
check "fq goes away: nothing is built ahead for long" test "$(more OutTimed "$timed")" -le 50

quic_finish
