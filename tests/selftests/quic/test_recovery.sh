#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_recovery.sh - loss recovery (RFC 9002) by counters and on the wire: a network
# that is dead for a while gets probes, ever more seldom, and is persistent congestion;
# packets that overtake others by far make losses that were none, and the window is as
# before; a client probes a server that is silent, with a full datagram; a gap is
# acknowledged at once. Besides: the congestion controller is chosen, and paces.

# shellcheck disable=SC2016  # awk
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

quic_begin
setup_routed
modprobe -q sch_netem
for ns in client server; do
	segmentation_off $ns
	start_quicd $ns
done
server_quicd=$quicd_pid
segmentation_off router near
segmentation_off router far
head -c 512K /dev/urandom > "$work/file"
start_server server 443 "$tools/quicserve" -q -p 443 -d "$work"

# rose COUNTER NS N: by N and more since before[] was noted
declare -A before
note_counters() { local c; for c; do before[$c]=$(stat_of "${c%.*}" "${c#*.}"); done; }
more_of() { echo $(($(stat_of "${1%.*}" "${1#*.}") - before[$1])); }
rose() { [ "$(more_of "$1")" -ge "$2" ]; }

# --- a network that is dead until the third probe was for nothing ---

netem router near delay 40ms limit 1000
netem router far delay 40ms limit 1000
capture "$work/dead.pcap"
plays server server accept:4433 recv:0:1 send:0:20000 line send:0:60000:fin hear
wait_for 20 listens server 4433
plays client client "connect:$ip4_b:4433" open:bidi send:0:1 recv:0:20000 recv:0:0 close:0
waits_for client recv:0:20000
note_counters Probes.server PersistentCongestion.server
netem router near delay 40ms limit 1000 loss 100%
netem router far delay 40ms limit 1000 loss 100%
died=$EPOCHREALTIME
tell server
check "dead for a while: probes" wait_for 60 rose Probes.server 3
netem router near delay 40ms limit 1000
netem router far delay 40ms limit 1000
ended "dead for a while: all arrives" client
ended "dead for a while: the server did its part" server
capture_end "$work/dead.pcap"
note "dead for a while: $(more_of Probes.server) probe time-outs"
check "dead for a while: persistent congestion" rose PersistentCongestion.server 1

# the three longest pauses of the server from then until the client is heard again, ms
packets "$work/dead.pcap" -Y quic -T fields -e frame.time_epoch -e udp.srcport > "$work/times"
read -r first second third < <(awk -v died="$died" '$1 < died { next } $2 != 4433 { exit }
	t { print int(1000 * ($1 - t)) } { t = $1 }' "$work/times" | sort -rn | head -n 3 | tr '\n' ' ')
note "dead for a while: the server's longest pauses are $first, $second and $third ms"
check "dead for a while: probes come ever more seldom" test "$first" -ge $((third * 3 / 2))

# --- each 25th packet overtakes all that are under way ---

note_counters LossesSpurious.server ReductionsUndone.server
netem router near delay 60ms reorder 100% gap 25 limit 1000
file_comes "reordering" "$ip4_b"
note "reordering: $(more_of LossesSpurious.server) losses were none, $(more_of ReductionsUndone.server) reductions undone"
check "reordering: losses that were none" rose LossesSpurious.server 1
check "reordering: a reduction is undone" rose ReductionsUndone.server 1

# --- a server whose daemon does not answer, so that nothing of the client's is in flight ---

netem router near delay 5ms
netem router far delay 5ms
note_counters Probes.client
capture "$work/silent.pcap"
kill -STOP "$server_quicd"
dial client -t 100000 "$ip4_b" 443 > "$work/dial" 2>&1 &
dialling=$!
check "a silent server: the client probes" wait_for 60 rose Probes.client 2
kill -CONT "$server_quicd"
wait "$dialling"
check_eq "a silent server: the client comes up" 0 "$?" || note "$(cat "$work/dial")"
capture_end "$work/silent.pcap"

# source port, bytes, type, frames of each datagram up to the server's first Handshake
packets "$work/silent.pcap" -Y quic -T fields -e udp.srcport -e udp.length \
	-e quic.long.packet_type -e quic.frame_type > "$work/all"
awk -F '\t' '$1 == 443 && $3 ~ /2/ { exit } { print }' "$work/all" > "$work/silence"
note "a silent server: $(tr '\t\n' ' ;' < "$work/silence")"
check_eq "a silent server: it acknowledges and says no more" ACK \
	"$(awk -F '\t' '$1 == 443 { print $4 }' "$work/silence" | tr ',' '\n' | sed 's/^[23]$/ACK/' |
		grep -v '^0$' | sort -u)"
check "a silent server: the client has nothing to say but PING" \
	test "$(awk -F '\t' '$1 != 443 { print $4 }' "$work/silence" | tr ',' '\n' | grep -c '^1$')" -ge 2
check_eq "a silent server: all in full datagrams" "" \
	"$(awk -F '\t' '$1 != 443 && $2 - 8 < 1200' "$work/silence")"

# --- an ACK for a gap: the client may take 10 s for any other ---

plays server server max_datagram:1200 pmtud:0 accept:4433 recv:0:1 datagrams:100 hear
wait_for 20 listens server 4433
capture "$work/gap.pcap"
plays client client max_datagram:1200 pmtud:0 ackdelay:10000000 "connect:$ip4_b:4433" \
	open:bidi send:0:1 line close:0
waits_for server recv:0:1
lost() { in_ns router tc -s qdisc show dev near | sed -n 's/.*dropped \([0-9]*\).*/\1/p'; }
lost_more() { [ "$(lost)" -gt "$1" ]; }
heard_more() { [ "$(of_conn server received)" -gt "$1" ]; }

# gap: a datagram is lost, the next one is not
gap()
{
	local n

	netem router near delay 5ms loss 100%
	n=$(lost)
	tell server
	wait_for 20 lost_more "$n" || note "nothing was lost"
	netem router near delay 5ms
	n=$(of_conn server received)
	tell server
	wait_for 60 heard_more "$n"
}
# after the first one nothing else is to be acknowledged: a second datagram would be, at once
check "a gap: acknowledged" gap
check "another one: acknowledged" gap
tell client
tell server end
ended "a gap: the client did its part" client
ended "a gap: the server did its part" server
capture_end "$work/gap.pcap"
# from the last DATAGRAM to the next packet of the client, ms
packets "$work/gap.pcap" -Y quic -T fields -e frame.time_epoch -e udp.srcport -e quic.frame_type \
	> "$work/times"
pause=$(awk '$2 == 4433 && ("," $3 ",") ~ /,4[89],/ { t = $1; p = "" }
	$2 != 4433 && t && p == "" { p = int(1000 * ($1 - t)) } END { print p }' "$work/times")
note "a gap: acknowledged after $pause ms"
check "a gap: at once" test "${pause:-10000}" -lt 5000

# --- which controller, and that it paces ---

netem router near rate 20mbit delay 20ms limit 1000
netem router far delay 20ms limit 1000
for name in reno cubic; do
	note_counters PacingStops.server
	choose=()
	[ "$name" = cubic ] || choose=("congestion:$name")
	plays server server "${choose[@]}" accept:4433 tell recv:0:1 send:0:600000:fin hear
	wait_for 20 listens server 4433
	plays client client "${choose[@]}" "connect:$ip4_b:4433" tell open:bidi send:0:1 recv:0:0 close:0
	ended "$name: the client did its part" client
	ended "$name: the server did its part" server
	check_eq "$name: both say so" "$(printf 'congestion %s\n' "$name" "$name")" \
		"$(grep -h '^congestion ' "$work/client" "$work/server")"
	note "$name: pacing stopped the server $(more_of PacingStops.server) times"
	check "$name: is paced" rose PacingStops.server 10
done

kill "$server_pid"
wait "$server_pid" 2> /dev/null
quic_finish
