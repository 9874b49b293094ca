#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_programs.sh - programs made for TCP, unchanged, over QUIC: preload.so turns
# IPPROTO_TCP into IPPROTO_QUIC in their socket() calls and that is all.  Python's
# HTTP server, curl, wget, OpenBSD's netcat; megabytes in both directions, a link that
# loses, and a server whose certificate is not for the address.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

quic_begin
start_quicd
setup_veth client server
modprobe -q sch_netem

preload=$helpers/preload.so
python=/usr/bin/python3
files=$work/files
got=$work/got
mkdir -p "$files" "$got"
head -c 4194304 /dev/urandom > "$files/big"
head -c 100000 /dev/urandom > "$files/small"
for p in "$python" curl wget nc; do
	command -v "$p" > /dev/null || die "no $p (cure: scripts/deps test)"
done

# over NS COMMAND...: with QUIC for TCP
over() { in_ns "$1" timeout 100 env LD_PRELOAD="$preload" no_proxy='*' "${@:2}"; }

# fetch WHAT PROGRAM ARGUMENT...: the program writes big to $got/big
fetch()
{
	rm -f "$got"/*
	check "$1" over client "${@:2}" && check "$1: contents" cmp "$files/big" "$got/big"
}

# push WHAT ADDRESS: netcat to netcat, and the end of file with it
push()
{
	port=$((port + 1))
	rm -f "$got"/*
	over server nc -l "$2" "$port" < /dev/null > "$got/big" &
	sink=$!
	wait_for 30 serves server "$port" || die "nc does not listen"
	check "$1" over client nc -N "$2" "$port" < "$files/big"
	# what it exits with is netcat's business; that it ends is in the contents
	wait "$sink" || note "the receiver's status is $?"
	check "$1: contents" cmp "$files/big" "$got/big"
}

port=7000
server_limit=90		# an interpreter, emulated
start_server server 8000 env LD_PRELOAD="$preload" "$python" -m http.server \
	--bind :: -d "$files" 8000

fetch "curl, IPv4" curl -sS -o "$got/big" "http://$ip4_b:8000/big"
fetch "curl, IPv6" curl -sS -g -o "$got/big" "http://[$ip6_b]:8000/big"
fetch "wget" wget -q -O "$got/big" "http://$ip4_b:8000/big"
push "netcat, IPv4" "$ip4_b"
push "netcat, IPv6" "$ip6_b"
check "curl, eight at once" over client curl -sS -Z --parallel-immediate \
	-o "$got/#1" "http://$ip4_b:8000/small?[1-8]"
for i in 1 2 3 4 5 6 7 8; do
	cmp -s "$files/small" "$got/$i" || bad="${bad:-} $i"
done
check_eq "curl, eight at once: contents" "" "${bad:-}"
check_eq "a missing file" 404 "$(over client curl -sS -o /dev/null -w '%{http_code}' \
	"http://$ip4_b:8000/missing")"
check_eq "no TCP connection was made" "" "$(in_ns client ss -Hant; in_ns server ss -Hant)"
check "they were QUIC connections" test "$(stat_of PassiveOpens server)" -ge 14

segmentation_off client
segmentation_off server
netem client veth loss 2% delay 5ms limit 10000
netem server veth loss 2% delay 5ms limit 10000
fetch "2 % loss: curl" curl -sS -o "$got/big" "http://$ip4_b:8000/big"
push "2 % loss: netcat" "$ip4_b"
in_ns client tc qdisc del dev veth root
in_ns server tc qdisc del dev veth root

# an address that is not in the certificate: refused, until quicd.conf has a name for it
ip -n server addr add 10.77.0.99/24 dev veth
refused() { ! over client curl -sS -o /dev/null "http://10.77.0.99:8000/small"; }
check "a wrong address is refused" refused
sed '/^\[profile default\]/a host = 10.77.0.99 server.test' "$work/quicd.conf" > "$work/hosts.conf"
stop_quicd
start_quicd "" "$work/hosts.conf"
fetch "a name for the address" curl -sS -o "$got/big" "http://10.77.0.99:8000/big"

quic_finish
