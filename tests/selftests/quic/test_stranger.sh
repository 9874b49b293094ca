#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_stranger.sh - somebody off the path. ICMP messages about packets of a server and
# of a client, that they are too big or that nobody listens: only those that quote the
# connection's addresses, ports and connection ID count, as a hint that lowers the size
# of datagrams, or end a handshake (RFC 9000 14.2.1). Packets with connection IDs that
# nobody has are another connection's: a stateless reset, wherever they come from (RFC
# 9000 10.3); for those that somebody has see test_shared.sh and test_cid.sh.

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
for host in client.11 server.12; do
	ip -n ${host%.*} addr add 10.77.0.${host#*.}/24 dev veth
	# never a source by itself
	ip -n ${host%.*} addr add fd77::${host#*.}/64 dev veth nodad preferred_lft 0
done
head -c 300K /dev/urandom > "$work/file"
start_server server 443 "$tools/quicserve" -q -p 443 -d "$work"

# icmp_in NS: ICMP messages of both kinds that it got
icmp_in()
{
	local line head=() row i n=0

	read_net "$1" snmp || return
	for line in "${net_lines[@]}"; do
		[[ $line == "Icmp: "* ]] || continue
		read -ra row <<< "$line"
		for i in "${!head[@]}"; do
			[ "${head[i]}" != InDestUnreachs ] || n=$((n + row[i]))
		done
		head=("${row[@]}")
	done
	read_net "$1" snmp6 || return
	for line in "${net_lines[@]}"; do
		[[ ! $line =~ ^Icmp6In(DestUnreachs|PktTooBigs)[[:space:]] ]] || n=$((n + ${line##*[[:space:]]}))
	done
	echo "$n"
}
came() { [ "$(icmp_in "$1")" -ge "$2" ]; }

# forge TO_NS ARGUMENT...: one message, from the other namespace, has come
forge()
{
	local from=client n

	[ "$1" = server ] || from=server
	n=$(icmp_in "$1")
	in_ns "$from" "$helpers/stranger" icmp "${@:2}" &&
		wait_for 10 came "$1" $((n + 1))
}

size() { of_conn server mtu; }
size_is() { [ "$(size)" = "$1" ]; }
ignored() { stat_of DropIcmp "$1"; }
ignored_is() { [ "$(ignored "$1")" = "$2" ]; }

# the file, over the connection that is held
files() { grep -c '^307200 bytes$' "$work/held"; }
came_all() { [ "$(files)" = "$1" ]; }
asks()
{
	local n

	n=$(files)
	echo "GET /file" >&8
	wait_for 30 came_all $((n + 1))
}

# hold HOST: a connection. Sets held, port: the client's, and cid: what the server's
# packets carry.
hold()
{
	rm -f "$work/in"
	mkfifo "$work/in"
	capture "$work/held.pcap"
	: > "$work/held"
	ip netns exec client "$helpers/dial" -H "$1" 443 < "$work/in" > "$work/held" 2>&1 &
	held=$!
	exec 8> "$work/in"
	check "$1: a connection" wait_for 20 has_line '^OK' "$work/held"
	capture_end "$work/held.pcap"
	packets "$work/held.pcap" -Y "quic.scid && udp.dstport == 443" -T fields \
		-e udp.srcport -e quic.scid > "$work/ids"
	read -r port cid < <(head -n 1 "$work/ids" | cut -d , -f 1)
	check "$1: its connection ID is known" test "${#cid}" = 16
}

hang_up()
{
	exec 8>&-
	wait "$held"
	check_eq "$1: lives to its end" 0 $? || note "$(cat "$work/held")"
	check "$1: is gone" wait_for 40 size_is ""
}

# too_big CLIENT SERVER ANOTHER_SERVER HEADERS: messages to the server
too_big()
{
	local full=$((1500 - $4)) quote="40$cid*100" wrong='40a1a2a3a4a5a6a7a8*100' before

	check "$1: the file comes" asks
	check "$1: full datagrams" wait_for 20 size_is $full
	before=$(ignored server)
	check "of a stranger's packet" forge server "$1" "$2" 1300 "$2" 443 "${1%1}9" "$port" "$quote"
	check "of another port of the peer" forge server "$1" "$2" 1300 "$2" 443 "$1" $((port ^ 1)) "$quote"
	check "of another address of ours" forge server "$1" "$2" 1300 "$3" 443 "$1" "$port" "$quote"
	check "of another connection" forge server "$1" "$2" 1300 "$2" 443 "$1" "$port" "$wrong"
	check "of a UDP header" forge server "$1" "$2" 1300 "$2" 443 "$1" "$port"
	check "these are ignored" wait_for 10 ignored_is server $((before + 5))
	check "the file comes" asks	# it may not fall idle on a slow machine
	check "of another port of ours" forge server "$1" "$2" 1300 "$2" 444 "$1" "$port" "$quote"
	check "larger than it is" forge server "$1" "$2" 9000 "$2" 443 "$1" "$port" "$quote"
	check "below 1200 bytes" forge server "$1" "$2" $((1199 + $4)) "$2" 443 "$1" "$port" "$quote"
	check "absurdly small" forge server "$1" "$2" 68 "$2" 443 "$1" "$port" "$quote"
	check "the file comes nevertheless" asks
	check_eq "the size is the same" $full "$(size)"
	check "of our packet" forge server "$1" "$2" 1400 "$2" 443 "$1" "$port" "$quote"
	check "it is taken" wait_for 10 size_is $((1400 - $4))
	check "the file comes" asks
	check "less again" forge server "$1" "$2" 1300 "$2" 443 "$1" "$port" "$quote"
	check "it is taken" wait_for 10 size_is $((1300 - $4))
	check "the file comes" asks
	check "more again" forge server "$1" "$2" 1400 "$2" 443 "$1" "$port" "$quote"
	check "nobody listens" forge server "$1" "$2" unreach "$2" 443 "$1" "$port" "$quote"
	check "the file comes" asks
	check_eq "it does not rise" $((1300 - $4)) "$(size)"
	check_eq "no message of these was ignored" $((before + 5)) "$(ignored server)"
}

hold "$ip4_b"
too_big "$ip4_a" "$ip4_b" 10.77.0.12 28

# --- connection IDs that nobody has: from where a connection is, and from elsewhere ---
resets() { stat_of ResetSent server; }
unknown() { stat_of DropUnknownCid server; }
unknown_is() { [ "$(unknown)" = "$1" ]; }
resets_are() { [ "$(resets)" = "$1" ]; }
send() { in_ns client "$helpers/stranger" udp "$1" "$2" "$ip4_b" 443 "40a1a2a3a4a5a6a7a8*100"; }
r=$(resets) u=$(unknown)
check "an unknown ID from the peer's address and port" send "$ip4_a" "$port"
check "it came" wait_for 10 unknown_is $((u + 1))
check "that is reset" wait_for 10 resets_are $((r + 1))
check "the same from another port" send "$ip4_a" $((port ^ 1))
check "it came" wait_for 10 unknown_is $((u + 2))
check "that is reset" wait_for 10 resets_are $((r + 2))
check "the same from another address" send 10.77.0.11 "$port"
check "it came" wait_for 10 unknown_is $((u + 3))
check "that is reset" wait_for 10 resets_are $((r + 3))
check "the connection goes on" asks
hang_up "the connection"
send "$ip4_a" "$port"
check "where it was, too" wait_for 10 resets_are $((r + 4))

hold "$ip6_b"
too_big "$ip6_a" "$ip6_b" fd77::12 48
hang_up "the connection, IPv6"

# --- nobody listens: a client's handshake ---

# refused CLIENT SERVER ANOTHER_CLIENT
refused()
{
	local quote before dial port hex silent

	: > "$work/first"
	ip netns exec server "$helpers/stranger" listen 446 > "$work/first" &
	silent=$!
	check "$1: a port that is silent" wait_for 10 port_in_use server 446
	dial client -t 60000 "$2" 446 > "$work/dial" 2>&1 &
	dial=$!
	check "$1: the first Initial" wait_for 20 has_line . "$work/first"
	read -r port hex < "$work/first"
	before=$(ignored client)
	check "of another server" forge client "$2" "$1" unreach "$1" "$port" "${2%2}9" 446 "$hex"
	check "of another port of it" forge client "$2" "$1" unreach "$1" "$port" "$2" 447 "$hex"
	check "of another address of ours" forge client "$2" "$1" unreach "$3" "$port" "$2" 446 "$hex"
	quote=${hex:0:12}0000000000000000${hex:28}
	check "of another connection ID" forge client "$2" "$1" unreach "$1" "$port" "$2" 446 "$quote"
	check "of its beginning" forge client "$2" "$1" unreach "$1" "$port" "$2" 446 "${hex:0:26}"
	check "these are ignored" wait_for 10 ignored_is client $((before + 5))
	check "of another port of ours" forge client "$2" "$1" unreach "$1" $((port ^ 1)) "$2" 446 "$hex"
	check "the handshake goes on" kill -0 "$dial"
	check "too big: the handshake goes on" forge client "$2" "$1" 1280 "$1" "$port" "$2" 446 "$hex"
	check "it does" kill -0 "$dial"
	check "of our packet" forge client "$2" "$1" unreach "$1" "$port" "$2" 446 "$hex"
	wait "$dial"
	check "the handshake is over" grep -q '^ECONNREFUSED .*ICMP port unreachable' "$work/dial" ||
		note "$(cat "$work/dial")"
	kill "$silent"
	wait "$silent" 2> /dev/null
}
refused "$ip4_a" "$ip4_b" 10.77.0.11
refused "$ip6_a" "$ip6_b" fd77::11

kill "$server_pid"
wait "$server_pid" 2> /dev/null
quic_finish
