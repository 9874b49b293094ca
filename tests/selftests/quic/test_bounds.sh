#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_bounds.sh - what is kept for somebody who may not exist, and what is answered to
# him, tried beyond its bounds (Documentation/threat-model.md): datagrams whose keys are
# not there yet, by number and by bytes, of a stranger and of a server; stateless resets,
# in a second.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

quic_begin
start_quicd
setup_veth client server
segmentation_off client
segmentation_off server
echo hello > "$work/file"
start_server server 443 "$tools/quicserve" -q -p 443 -d "$work"

# of COUNTER.NS: what it rose by since mark
declare -A marks
mark() { local c; for c; do marks[$c]=$(stat_of "${c%.*}" "${c#*.}"); done; }
rose() { echo $(($(stat_of "${1%.*}" "${1#*.}") - marks[$1])); }
rose_to() { [ "$(rose "$1")" -ge "$2" ]; }
calm() { no_conns server; }
repeat() { local i; for ((i = 0; i < $2; i++)); do echo "$1"; done; }

# --- a stranger's: an Initial of before, again, while nobody runs its handshake ---
capture "$work/initial.pcap"
check "a connection" dial client -o 5000 -s "$ip4_a" "$ip4_b" 443
capture_end "$work/initial.pcap"
packets "$work/initial.pcap" -Y "ip.src == $ip4_a" -T fields -e quic.dcid -e udp.payload > "$work/sent"
IFS=$'\t' read -r dcid initial < "$work/sent"
dcid=${dcid%%,*}
check "it is over" wait_for 40 calm
kill -STOP "$quicd_pid"
echo "$initial" | in_ns client "$helpers/resend" "$ip4_a" 5001 "$ip4_b" 443
busy() { ! calm; }
check "it is taken for a connection" wait_for 10 busy
mark DropNoKeys.server
repeat "e00000000108${dcid:0:16}08a1a2a3a4a5a6a7a84030*73" 12 |
	in_ns client "$helpers/resend" "$ip4_a" 5001 "$ip4_b" 443
check "12 Handshake packets behind it: 10 find no room" wait_for 10 rose_to DropNoKeys.server 10
kill -CONT "$quicd_pid"

# captured FILE: an Initial, which may be long after it was sent
captured() { [ "$(stat -c %s "$1")" -gt 1200 ]; }

# --- a server's, to a client that waits for its first packet ---
# silent BYTES DROPPED: 60 datagrams of that size, with the client's ID, for 1-RTT keys to
# come, and one more, when at least DROPPED find no room; sets dropped
silent()
{
	local scid waits

	mkfifo "$work/in.$1"
	in_ns server "$helpers/resend" "$ip4_b" 4444 "$ip4_a" 5002 < "$work/in.$1" &
	exec 8> "$work/in.$1"
	wait_for 10 port_in_use server 4444
	# the handshake of before may still be repeated on this link
	capture "$work/silent.$1.pcap" 'udp dst port 4444'
	ip netns exec client "$helpers/dial" -t 60000 -s "$ip4_a" -o 5002 "$ip4_b" 4444 > "$work/silent" 2>&1 &
	waits=$!
	check "$1 bytes: a client waits" wait_for 20 captured "$work/silent.$1.pcap"
	capture_end "$work/silent.$1.pcap"
	scid=$(packets "$work/silent.$1.pcap" -d udp.port==4444,quic -T fields -e quic.scid | grep -m 1 .)
	check "$1 bytes: its connection ID is known" test "${#scid}" = 16 || note "'$scid'"
	mark DropNoKeys.client
	repeat "40${scid:0:16}*$1" 60 >&8
	check "$1 bytes: of 60, $2 find no room" wait_for 20 rose_to DropNoKeys.client "$2"
	# in order, so those before it are judged as well
	repeat "40${scid:0:16}*100" 1 >&8
	exec 8>&-
	check "$1 bytes: and one more" wait_for 20 rose_to DropNoKeys.client $(($2 + 1))
	dropped=$(rose DropNoKeys.client)
	kill "$waits"
	wait "$waits" 2> /dev/null
}
silent 100 28
check_eq "by number: 32 wait" 29 "$dropped"
# 256 KiB have room for 21 at most
silent 12000 39
note "by bytes: $((60 - dropped + 1)) wait"

# --- resets: 100 at once, 1000 a second ---
mark ResetSent.server AnswersLimited.server DropUnknownCid.server
repeat "400102030405060708*64" 6000 > "$work/many"
begin=$(date +%s%3N)
in_ns client "$helpers/resend" "$ip4_a" 5003 "$ip4_b" 443 < "$work/many"
check "6000 packets that nobody knows" wait_for 20 rose_to DropUnknownCid.server 6000
took=$(($(date +%s%3N) - begin))
note "$(rose ResetSent.server) resets in $took ms, $(rose AnswersLimited.server) not sent"
check "no more resets than 100, and 1000 a second" test "$(rose ResetSent.server)" -le $((100 + took))
# the last one may have been counted only
all_judged() { [ $(($(rose ResetSent.server) + $(rose AnswersLimited.server))) = 6000 ]; }
check "each packet was answered, or would have been" wait_for 10 all_judged

quic_finish
