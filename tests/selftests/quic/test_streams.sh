#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_streams.sh - streams and their credit as somebody else's decoder reads them on
# the wire: both kinds, opened by both sides, up to small limits; what is said of a
# limit that is met, and of one that rises; who gives up a stream sends nothing of it
# any more, though the network loses what it had sent; who is urgent goes first; who
# does not read holds no more than he allowed.

# shellcheck disable=SC2016  # awk
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

quic_begin
start_quicd
setup_routed
modprobe -q sch_netem
segmentation_off client
segmentation_off router near
segmentation_off router far
segmentation_off server

# scene WHAT "SERVER'S STEPS" "CLIENT'S STEPS": a connection to a port of its own, and
# what is on the wire meanwhile, in $work/pcap; beside the steps others may be done
scene()
{
	capture "$work/pcap"
	# shellcheck disable=SC2086  # lists
	plays server server $2
	wait_for 20 listens server 4433 || die "$1: no server: $(cat "$work/server")"
	# shellcheck disable=SC2086
	plays client client $3
}
scene_ends()
{
	ended "$1: the client did its part" client
	ended "$1: the server did its part" server
	capture_end "$work/pcap"
}

# 1-RTT packets: source port, number, types, and what is needed of the frames
short_packets()
{
	packets "$work/pcap" -Y quic.short -T fields -e udp.srcport -e quic.packet_number \
		-e quic.frame_type -e quic.stream.stream_id -e quic.stream.offset \
		-e quic.stream_data -e quic.rsts.stream_id -e quic.rsts.application_error_code \
		-e quic.rsts.final_size -e quic.ss.stream_id -e quic.ss.application_error_code \
		> "$work/packets"
}

# said SIDE TYPE: a frame of this type is in a packet of the client, or of the server
said()
{
	awk -F '\t' -v side="$1" -v type="$2" '($1 == 4433) == (side == "server") {
			n = split($3, t, ","); for (i = 1; i <= n; i++) if (t[i] == type) f = 1 }
		END { exit !f }' "$work/packets"
}

# of_frames COLUMN...: these columns, of packets that have the first, each once
of_frames()
{
	awk -F '\t' -v cols="$*" '{ n = split(cols, c, " "); line = ""
		for (i = 1; i <= n; i++) line = line (i > 1 ? " " : "") $c[i] }
		$c[1] != "" { print line }' "$work/packets" | sort -u
}

# --- limits ---

scene limits "max_data:20000 max_stream_data:16000 max_bidi:2 max_uni:1 accept:4433 line
	recv:0:0 recv:4:0 send:0:100:fin send:4:100:fin recv:2:0 open:bidi open:uni
	full:bidi full:uni send:1:100:fin send:3:100:fin recv:1:0
	recv:8:5000 send:8:1 isreset recv:6:5000 stop:6:99 hear" \
	"max_bidi:1 max_uni:1 connect:$ip4_b:4433 open:bidi open:bidi full:bidi open:uni full:uni
	send:0:20000:fin line send:4:20000:fin recv:0:0 recv:4:0 send:2:100:fin recv:1:0 recv:3:0
	send:1:50:fin open:bidi send:8:5000 recv:8:1 reset:8:77 open:uni send:6:5000 isstopped:6 close:0"
check "who does not read has what he allowed of a stream" wait_for 60 conn_has server rxq 16000
tell client
waits_for client send:4:20000:fin
check "and of all" wait_for 60 conn_has server rxq 20000
check "the sender holds the rest" test "$(of_conn client txq)" -ge 20000
tell server
scene_ends limits
short_packets
note "limits: frames: $(cut -f 3 "$work/packets" | tr ',' '\n' | sort -n | uniq -c | tr -s ' \n' ' ')"
for f in "client 20 DATA_BLOCKED" "client 21 STREAM_DATA_BLOCKED" \
		"client 22 STREAMS_BLOCKED, bidirectional" "client 23 STREAMS_BLOCKED, unidirectional" \
		"server 16 MAX_DATA" "server 17 MAX_STREAM_DATA" \
		"server 18 MAX_STREAMS, bidirectional" "server 19 MAX_STREAMS, unidirectional" \
		"server 22 STREAMS_BLOCKED, bidirectional" "server 23 STREAMS_BLOCKED, unidirectional" \
		"client 4 RESET_STREAM" "server 5 STOP_SENDING"; do
	read -r side type name <<< "$f"
	check "limits: $name of the $side" said "$side" "$type"
done
opened() { grep -h '^opened' "$work/$1" | tr -s '\n' ' '; }
check_eq "limits: the client's streams" "opened 0 opened 4 opened 2 opened 8 opened 6 " "$(opened client)"
check_eq "limits: the server's" "opened 1 opened 3 " "$(opened server)"
check "limits: RESET_STREAM has its code, and the bytes that were sent" \
	grep -qx "8 77 5000" <(of_frames 7 8 9) || note "$(of_frames 7 8 9)"
check_eq "limits: STOP_SENDING has its code" "6 99" "$(of_frames 10 11)"
check "limits: it is answered by a RESET_STREAM" grep -qE "^6 99 [0-9]+$" <(of_frames 7 8 9)

# --- a stream that is given up where packets get lost ---

netem router near rate 8mbit delay 10ms limit 1000 loss 8%
netem router far delay 10ms limit 1000
scene reset "accept:4433 sndbuf:4000000 recv:0:1 send:0:400000:fin recv:4:1 reset:0:77
	send:4:200000:fin hear" \
	"connect:$ip4_b:4433 open:bidi open:bidi send:0:1 recv:0:60000 send:4:1 isreset recv:4:0 close:0"
scene_ends reset
short_packets
dropped=$(in_ns router tc -s qdisc show dev near | sed -n 's/.*dropped \([0-9]*\).*/\1/p')
note "reset: the network lost $dropped packets"
check "reset: packets were lost" test "$dropped" -ge 5

# the number of the first RESET_STREAM; packets of this stream with larger ones; bytes
# that were sent; how many were sent twice before
read -r reset after bytes twice < <(awk -F '\t' '$1 != 4433 { next }
	$7 == "0" && reset == "" { reset = $2 }
	("," $4 ",") ~ /,0,/ { pn[++n] = $2 }
	$4 == "0" { off = $5 == "" ? 0 : $5; end = off + length($6) / 2
		if (end > bytes) bytes = end; if (seen[off]++) twice++ }
	END { for (i = 1; i <= n; i++) if (reset != "" && pn[i] > reset) after++
		print reset + 0, after + 0, bytes + 0, twice + 0 }' "$work/packets")
note "reset: RESET_STREAM in packet $reset, $bytes bytes sent before it, $twice packets again"
check "reset: RESET_STREAM is on the wire" test "$reset" -gt 0
check "reset: bytes were sent again before" test "$twice" -gt 0
check_eq "reset: none after it" 0 "$after"
check "reset: in the middle" test "$bytes" -gt 60000 -a "$bytes" -lt 400000
check_eq "reset: the final size is what was sent" "0 77 $bytes" "$(of_frames 7 8 9)"

# --- a stream that is urgent ---

netem router near rate 4mbit delay 10ms limit 1000
scene urgent "accept:4433 sndbuf:4000000 recv:0:1 send:0:400000:fin recv:4:1 urgency:4:0
	send:4:60000:fin hear" \
	"connect:$ip4_b:4433 open:bidi open:bidi send:0:1 recv:0:60000 send:4:1 recv:4:0 recv:0:0 close:0"
scene_ends urgent
short_packets
# packets of the urgent stream, and of the other one meanwhile and afterwards
read -r urgent meanwhile later < <(awk -F '\t' '$1 != 4433 || $4 == "" { next }
	{ line[++n] = "," $4 "," }
	line[n] ~ /,4,/ { if (!first) first = n; last = n; urgent++ }
	END { for (i = first; i <= last; i++) other += line[i] !~ /,4,/
		print urgent + 0, other + 0, n - last }' "$work/packets")
note "urgent: $urgent packets, $meanwhile others in between, $later afterwards"
check "urgent: the other one waits" test "$urgent" -ge 30 -a "$meanwhile" -lt $((urgent / 4))
check "urgent: and goes on" test "$later" -ge 50

quic_finish
