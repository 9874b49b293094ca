#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_pmtu.sh - the path's MTU (RFC 8899, RFC 9000 14) behind a router whose further
# link is narrow: a server finds it with the help of ICMP, and without, and notices a
# link that becomes narrow in the middle; files arrive, nothing is fragmented.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

quic_begin
start_quicd
for ns in client router server; do
	setup_ns $ns
done
modprobe -q sch_netem

# join NS DEV ADDRESS6 NS DEV ADDRESS6: of 10.78.N.0/24 and fd78:N::/64, N is in the names
join()
{
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
	set -- "$1" "$2" "$5" "$3" "$4" "$6"
	while [ $# -gt 0 ]; do
		ip -n "$1" addr add "10.78.$3/24" dev "$2"
		ip -n "$1" addr add "fd78:${3/./::}/64" dev "$2" nodad
		ip -n "$1" link set "$2" up
		shift 3
	done
}
join client veth router near 1.1 1.254
join server veth router far 2.2 2.254
ip -n client route add default via 10.78.1.254
ip -n client -6 route add default via fd78:1::254
ip -n server route add default via 10.78.2.254
ip -n server -6 route add default via fd78:2::254
in_ns router sysctl -q net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
for ns in client server; do
	wait_for 5 link_is_up $ns veth || die "the link of $ns did not come up"
	segmentation_off $ns
done
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

# a route that is locked believes nobody
forget
ip -n server route replace default via 10.78.2.254 mtu lock 1500
fetch "a narrow link that nobody tells of" 10.78.2.2
check "a narrow link that nobody tells of: nothing was learned" learned 'mtu lock 1500' 10.78.1.1
note "$mtu bytes pass"
check "a narrow link that nobody tells of: found" test "$mtu" -gt 1356 -a "$mtu" -le 1372
ip -n server route replace default via 10.78.2.254

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

frags=$(in_ns server nstat -az IpFragCreates Ip6FragCreates | awk '!/^#/ { n += $2 } END { print n + 0 }')
check_eq "nothing was fragmented" 0 "$frags"
kill "$server_pid"
wait "$server_pid" 2> /dev/null
quic_finish
