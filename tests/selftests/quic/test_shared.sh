#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_shared.sh - several connections between the same two addresses and ports: each
# hears of its own stateless reset (RFC 9000 10.3.1), and of the loss of one while the
# others live; none is sent for an ID of a connection that is there, or that it retired
# (RFC 9000 11). And of ICMP messages about its own packets (14.2.1).

# shellcheck disable=SC2016  # awk
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

quic_begin
start_quicd
setup_veth client server
segmentation_off client
segmentation_off server
head -c 2000 /dev/urandom > "$work/file"
head -c 300K /dev/urandom > "$work/large"

# serve ALPN PORT: a listener of the port besides others; sets server_pid
serve()
{
	: > "$work/serve.$1"
	ip netns exec server "$tools/quicserve" --alpn "$1" -p "$2" -d "$work" > "$work/serve.$1" 2>&1 &
	server_pid=$!
	wait_for 10 has_line listen "$work/serve.$1" || die "$(cat "$work/serve.$1")"
}
conns() { conns_in server; }
conns_are() { [ "$(conns)" = "$1" ]; }

# of COUNTER: what it rose by at the server since mark
declare -A marks
mark() { local c; for c; do marks[$c]=$(stat_of "$c" server); done; }
rose() { echo $(($(stat_of "$1" server) - marks[$1])); }
rose_to() { [ "$(rose "$1")" = "$2" ]; }

# hold NAME ALPN: a connection from port 5000, which asks when it is told to
declare -A to
hold()
{
	mkfifo "$work/in.$1"
	ip netns exec client "$helpers/dial" -H -a "$2" -s "$ip4_a" -o 5000 "$ip4_b" 443 \
		< "$work/in.$1" > "$work/held.$1" 2>&1 &
	exec {fd}> "$work/in.$1"
	to[$1]=$fd
	check "$1: a connection from port 5000" wait_for 20 has_line '^OK' "$work/held.$1" ||
		note "$(cat "$work/held.$1")"
}
ask() { echo "GET /file" >&"${to[$1]}"; }
heard() { wait_for 20 has_line "$2" "$work/held.$1" || { cat "$work/held.$1"; false; }; }

# lose PID LEFT: this server ends unheard, and LEFT connections are
lose()
{
	# a probe or an ACK that is under way would come later, and get a reset of its own
	wait_for 20 quiet
	netem server veth loss 100%
	kill -KILL "$1"
	check "the server's end is gone" wait_for 60 conns_are "$2"
	in_ns server tc qdisc del dev veth root
}

# --- two connections ---
capture "$work/two.pcap"
serve one 443
hold first one
hold second one

# --- what does not fit, of either (sizes: of the server's datagrams, in order) ---
capture_end "$work/two.pcap"
packets "$work/two.pcap" -Y "quic.scid && ip.src == $ip4_a" -T fields -e quic.scid |
	cut -d , -f 1 | awk '!seen[$0]++' > "$work/scids"
check_eq "two connections: two IDs" 2 "$(wc -l < "$work/scids")"
sizes() { in_ns server awk 'NR > 1 { print $7 }' /proc/net/quic/conns | sort -n | tr '\n' ' '; }
sizes_are() { [ "$(sizes)" = "$1 " ]; }
too_big()
{
	in_ns client "$helpers/stranger" icmp "$ip4_a" "$ip4_b" "$1" "$ip4_b" 443 "$ip4_a" 5000 \
		"40$(sed -n "$2p" "$work/scids")*100"
}
for name in first second; do
	echo "GET /large" >&"${to[$name]}"
	check "$name: much data" heard $name '^307200 bytes'
done
check "full datagrams" wait_for 20 sizes_are "1472 1472" || note "$(sizes)"
check "too big, of the first" too_big 1400 1
check "it is taken by one" wait_for 10 sizes_are "1372 1472" || note "$(sizes)"
check "too big, of the second" too_big 1300 2
check "it is taken by the other" wait_for 10 sizes_are "1272 1372" || note "$(sizes)"

# --- both are lost ---
lose "$server_pid" 0
serve one 443
mark ResetSent
ask first
check "both lost: the first hears of it" heard first '^ECONNRESET'
check_eq "both lost: by one reset" 1 "$(rose ResetSent)"
ask second
check "both lost: so does the second" heard second '^ECONNRESET'
check_eq "both lost: by another" 2 "$(rose ResetSent)"

# --- one lost, of a listener that is gone, while another one's lives ---
serve two 443
hold lost two
capture "$work/lives.pcap"
hold lives one
ask lives
check "one lost: the other is asked" heard lives '^2000 bytes'
capture_end "$work/lives.pcap"
lose "$server_pid" 1
mark ResetSent
ask lost
check "one lost: it hears of it" heard lost '^ECONNRESET'
check_eq "one lost: by a reset" 1 "$(rose ResetSent)"
ask lives
check "one lost: the other goes on" heard lives '^2000 bytes'

# --- IDs that are there: at another port; and one that was, at its own ---
# cid_in PCAP: the server's, of the connection that began in it; others of that port may have
# spoken meanwhile
cid_in() { packets "$1" -Y "quic.scid && udp.srcport == 443" -T fields -e quic.scid | cut -d , -f 1; }
read -r cid < <(cid_in "$work/lives.pcap")
serve three 4433
mark ResetSent DropUnknownCid
unknown() { echo "40$1*100" | in_ns client "$helpers/resend" "$ip4_a" 0 "$ip4_b" "$2"; }
unknown "$cid" 4433
check "an ID of another port's connection" wait_for 10 rose_to DropUnknownCid 1
check_eq "gets no reset" 0 "$(rose ResetSent)"
unknown "${cid:0:14}ff" 4433
check "an ID of none" wait_for 10 rose_to DropUnknownCid 2
check "gets one" wait_for 10 rose_to ResetSent 1

mkfifo "$work/in.moves"
capture "$work/moves.pcap"
ip netns exec client env LD_PRELOAD="$helpers/migrate_preload.so" QUIC_MOVE_TO="$ip4_a 5001" \
	QUIC_MOVE_EVERY=1 "$helpers/dial" -H -a one -s "$ip4_a" -o 5000 "$ip4_b" 443 \
	< "$work/in.moves" > "$work/held.moves" 2> "$work/moves" &
exec {fd}> "$work/in.moves"
to[moves]=$fd
answered() { [ "$(grep -c '^2000 bytes' "$work/held.moves")" = "$1" ]; }
asked=0
# to move it needs an ID to move to, which may come with the answer, and then a call
has_moved()
{
	asked=$((asked + 1))
	ask moves
	wait_for 20 answered "$asked" && has_line '^moved to' "$work/moves"
}
wait_for 20 has_moved
check "one that moves" has_line '^moved to' "$work/moves"
capture_end "$work/moves.pcap"
read -r cid < <(cid_in "$work/moves.pcap")
# until it is retired this opens nothing, but is no unknown one
mark ResetSent DropUnknownCid
retired() { unknown "$cid" 443; ! rose_to DropUnknownCid 0; }
check "it has retired its first ID" wait_for 20 retired
check_eq "which gets no reset" 0 "$(rose ResetSent)"
ask moves
check "the connection lives" wait_for 20 answered $((asked + 1))

for fd in "${to[@]}"; do
	exec {fd}>&-
done
quic_finish
