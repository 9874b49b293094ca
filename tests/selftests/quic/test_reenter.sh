#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_reenter.sh - packets come back while they are being sent: tc turns what
# leaves the loopback round at once, as whoever owns a namespace can. A kernel
# whose mirred does not go by the backlog (before 6.8, where its stable series did
# not take that over) receives inside of sending: an answer then arrives on a
# processor that is receiving already (demux.c).

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

modprobe -q -a sch_ingress cls_matchall act_mirred || true
quic_begin
setup_ns round
start_quicd round
# what comes round has forgotten its route and comes from an address of our own
for knob in route_localnet accept_local; do
	in_ns round sysctl -q "net.ipv4.conf.all.$knob=1"
done
check "a life on the plain loopback" in_ns round "$helpers/life" once
check "tc turns the loopback round" in_ns round tc qdisc add dev lo clsact &&
	check "at once" in_ns round tc filter add dev lo egress matchall \
		action mirred ingress redirect dev lo
check "a life on that" in_ns round "$helpers/life" once
check "another" in_ns round "$helpers/life" once
quic_finish
