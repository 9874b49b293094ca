#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_pmtu.sh - the path's MTU (RFC 8899, RFC 9000 14) behind a router whose further
# link is narrow: a server finds it with the help of ICMP, and without, and notices a
# link that becomes narrow in the middle, again with and without, or wide again; files
# arrive, nothing is fragmented.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

quic_begin
start_quicd
setup_routed
modprobe -q sch_netem
segmentation_off client
segmentation_off server
head -c 1M /dev/urandom > "$work/file"
start_server server 443 "$tools/quicserve" -q --json -p 443 -d "$work"

# fetch WHAT ADDRESS: the file, intact; $mtu is what the server ended with
fetch()
{
	local before

	before=$(grep -c '"mtu"' "$work/server.443")
	file_comes "$1" "$2"
	wait_for 20 reported "$before" || note "$1: the server reports nothing"
	mtu=$(field "$work/server.443" mtu)
}
reported() { [ "$(grep -c '"mtu"' "$work/server.443")" -gt "$1" ]; }

# learned PATTERN ADDRESS: the route of the server to the client says so
learned() { ip -n server route get "$2" | grep -q "$1"; }

forget()
{
	ip -n server route flush cache
	ip -n server -6 route flush cache
}

fetch "a wide path" 10.78.2.2
check_eq "a wide path: 1500 less headers" 1472 "$mtu"

ip -n router link set near mtu 1400
fetch "a narrow link, IPv4" 10.78.2.2
check "a narrow link, IPv4: the router said so" learned 'mtu 1400' 10.78.1.1
check_eq "a narrow link, IPv4: what it said" 1372 "$mtu"
fetch "a narrow link, IPv6" fd78:2::2
check "a narrow link, IPv6: the router said so" learned 'mtu 1400' fd78:1::1
check_eq "a narrow link, IPv6: what it said" 1352 "$mtu"

# deaf to these messages
forget
in_ns server sysctl -q net.ipv4.ip_no_pmtu_disc=2
fetch "a narrow link that nobody tells of" 10.78.2.2
unlearned() { ! learned mtu "$1"; }
check "a narrow link that nobody tells of: nothing was learned" unlearned 10.78.1.1
note "$mtu bytes pass"
check "a narrow link that nobody tells of: found" test "$mtu" -gt 1356 -a "$mtu" -le 1372
in_ns server sysctl -q net.ipv4.ip_no_pmtu_disc=0

# slow enough to be in the middle when it happens: 4 s and more
ip -n router link set near mtu 1500
forget
netem server veth rate 2mbit limit 1000
busy() { [ "$(stat_of OutDatagrams server)" -gt $((sent + 100)) ]; }
sent=$(stat_of OutDatagrams server)
(wait_for 30 busy && ip -n router link set near mtu 1300) &
narrow=$!
fetch "a link that becomes narrow" 10.78.2.2
check "a link that becomes narrow: it did" wait "$narrow"
check_eq "a link that becomes narrow: followed" 1272 "$mtu"
in_ns server tc qdisc del dev veth root

# --- the same, and nobody tells: the route is locked ---

ip -n router link set near mtu 1500
forget
ip -n server route replace default via 10.78.2.254 mtu lock 1500
netem server veth rate 4mbit limit 100
wait_for 20 no_conns server
(wait_for 30 conn_has server mtu 1472 && ip -n router link set near mtu 1300) &
narrow=$!
fetch "a black hole" 10.78.2.2
wait "$narrow"
check_eq "a black hole: it was none at first" 0 "$?"
check "a black hole: nothing was learned" learned 'mtu lock 1500' 10.78.1.1
note "a black hole: $mtu bytes pass"
check "a black hole: noticed, and what passes was searched" test "$mtu" -gt 1200 -a "$mtu" -le 1272
in_ns server tc qdisc del dev veth root

# --- a path that becomes wide again: looked for each 5 s ---

plays server server raise:5000000 accept:4433 recv:0:1 lines:0:3000 close:0
wait_for 20 listens server 4433
plays client client "connect:10.78.2.2:4433" open:bidi send:0:1 hear
waits_for server recv:0:1
# a search goes on with what is acknowledged
passes()
{
	tell server
	mtu=$(of_conn server mtu)
	[ "$mtu" -ge "$1" ] && [ "$mtu" -le "$2" ]
}
check "a narrow path: found" wait_for 60 passes 1257 1272
ip -n router link set near mtu 1500
check "a wide path: found again" wait_for 60 passes 1472 1472
tell server end
ended "a wide path: the client did its part" client
ended "a wide path: the server did its part" server
ip -n server route replace default via 10.78.2.254

# --- below 1200 bytes there is no QUIC (RFC 9000 14.2) ---
ip -n router link set near mtu 1500
forget
client_route()
{
	ip -n client route replace default via 10.78.1.254 ${1:+mtu "$1"}
	ip -n client -6 route replace default via fd78:1::254 ${2:+mtu "$2"}
}
refused()
{
	dial client -t 20000 "$@" > "$work/dial"
	grep -q '^EHOSTUNREACH [0-9]\{1,3\} .*the MTU of the route.*too small' "$work/dial"
}
client_route 1227 1247
check "1199 bytes, IPv4: refused at once" refused 10.78.2.2 443 || note "$(cat "$work/dial")"
check "1199 bytes, IPv6: refused at once" refused fd78:2::2 443 || note "$(cat "$work/dial")"
client_route 1228 1248
check "1200 bytes, IPv4: a connection" dial client 10.78.2.2 443
check "1200 bytes, IPv6: a connection" dial client fd78:2::2 443
client_route
ip -n server route replace default via 10.78.2.254 mtu 1227
sent=$(stat_of OutDatagrams server)
dial client -t 2000 10.78.2.2 443 > "$work/dial"
check "1199 bytes back: nobody is there" grep -q '^ETIMEDOUT' "$work/dial" || note "$(cat "$work/dial")"
check_eq "1199 bytes back: nothing is sent" "$sent" "$(stat_of OutDatagrams server)"
ip -n server route replace default via 10.78.2.254

# held NS WHOSE: a connection, at rest; then the device of NS becomes narrow
calm() { no_conns server; }
# for a second: no late ACK either
quiet()
{
	local now

	now=$(stat_of InDatagrams server)
	[ "$now" = "$seen" ] || { seen=$now since=${EPOCHREALTIME/./}; return 1; }
	[ $((${EPOCHREALTIME/./} - since)) -ge 1000000 ]
}
held()
{
	local before

	check "$1 becomes narrow: nobody is there yet" wait_for 40 calm
	rm -f "$work/in"
	mkfifo "$work/in"
	: > "$work/held"
	ip netns exec client "$helpers/dial" -H 10.78.2.2 443 < "$work/in" > "$work/held" 2>&1 &
	held=$!
	exec 8> "$work/in"
	check "$1 becomes narrow: a connection" wait_for 20 has_line '^OK' "$work/held"
	echo "GET /file" >&8
	check "$1 becomes narrow: it carries a file" wait_for 60 has_line 'bytes$' "$work/held"
	seen=
	wait_for 20 quiet
	ip -n "$1" link set veth mtu 1200
	before=$(stat_of OutDatagrams "$1")
	echo "GET /file" >&8
	check "$1 becomes narrow: the client hears of it" wait_for 10 \
		grep -q "^EHOSTUNREACH .*$2: no viable path.*the MTU of the route" "$work/held" ||
		note "$(cat "$work/held")"
	check "$1 becomes narrow: and the server" wait_for 10 calm
	check_eq "$1 becomes narrow: it sent one datagram" $((before + 1)) "$(stat_of OutDatagrams "$1")"
	exec 8>&-
	wait "$held"
	ip -n "$1" link set veth mtu 1500
	ip -n "$1" route replace default via "10.78.$3.254"
}
held client "this end" 1
held server "the peer" 2

frags=$(in_ns server nstat -az IpFragCreates Ip6FragCreates | awk '!/^#/ { n += $2 } END { print n + 0 }')
check_eq "nothing was fragmented" 0 "$frags"
kill "$server_pid"
wait "$server_pid" 2> /dev/null
quic_finish
