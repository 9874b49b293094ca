#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_closing.sh - closing and draining (RFC 9000 10.2) outlive the process: a program
# closes while the network is dead and ends; when the network is back the peer's next
# packet is answered with the code and the phrase. Who was told so sends nothing more,
# though it is told again, and though his program is gone, too. After three PTOs nothing
# of either is left.

# shellcheck disable=SC2016  # awk
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

CLOSING=2 DRAINING=3	# of the core, in /proc/net/quic/conns

quic_begin
start_quicd
setup_routed
modprobe -q sch_netem
for end in "client veth" "router near" "router far" "server veth"; do
	# shellcheck disable=SC2086  # two words
	segmentation_off $end
done

# a long way: three PTOs are to be longer than this machine takes for the next steps
way="delay 700ms limit 1000"
both()
{
	# shellcheck disable=SC2086  # words
	netem router near $way ${1:-} && netem router far $way ${2:-}
}
both
# from the beginning: what is sealed later does not open without
capture "$work/closing.pcap"
plays server server accept:4433 recv:0:0 send:0:10:fin line open:uni send:3:10 hear
wait_for 20 listens server 4433
plays client client "connect:$ip4_b:4433" open:bidi send:0:10:fin recv:0:0 line "close:4711:that was all"
# nothing is left that would have to be delivered first
waits_for client recv:0:0

sent=$(stat_of OutDatagrams client)
both "loss 100%" "loss 100%"
tell client
ended "the client closes, and ends" client
check_eq "its connection is closing" $CLOSING "$(of_conn client core)"
check "and has said so, in vain" test "$(stat_of OutDatagrams client)" -gt "$sent"
check "the server knows nothing of it" play_runs server

# told twice
both "" "duplicate 100%"
check_eq "the connection is closing still" $CLOSING "$(of_conn client core)"
tell server
waits_for server send:3:10
ended "the server hears of it, and ends" server
check_eq "with the code and the phrase" \
	"over the peer closed with application code 4711: that was all" "$(grep '^over' "$work/server")"
check_eq "its connection is draining" $DRAINING "$(of_conn server core)"
check "after three PTOs nothing is left of the client's" wait_for 25 no_conns client
check "and of the server's" wait_for 25 no_conns server
check_eq "neither waited for its idle time-out" "" "$(grep -h idle "$work/client" "$work/server")"
capture_end "$work/closing.pcap"

packets "$work/closing.pcap" -Y quic -T fields -e udp.srcport -e quic.frame_type \
	-e quic.cc.error_code.app > "$work/seen"
note "$(tr '\t\n' ' ;' < "$work/seen")"
# the server's packets before the first CONNECTION_CLOSE, and after; how many of those came
read -r before after told < <(awk -F '\t' '
	$1 != 4433 && ("," $2 ",") ~ /,29,/ && $3 == 4711 { told++ }
	$1 == 4433 { if (told) after++; else before++ }
	END { print before + 0, after + 0, told + 0 }' "$work/seen")
check "on the wire: the server sent" test "$before" -ge 1
check "on the wire: it was told twice" test "$told" -ge 2
check_eq "on the wire: it sent nothing after that" 0 "$after"

quic_finish
