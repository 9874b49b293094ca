#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_transfer.sh - files cross a veth between two namespaces and arrive as
# they were: sizes from one byte to 8 MiB, IPv4 and IPv6, both directions, many
# streams, a device that cannot segment, a link that loses and delays.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

quic_begin
start_quicd
setup_veth client server
modprobe -q sch_netem

mkdir -p "$work/files" "$work/got"
for s in 1 1200 65537 1048576 8388608; do
	head -c "$s" /dev/urandom > "$work/files/$s"
done
for i in $(seq 1 30); do
	head -c $((i * 3001)) /dev/urandom > "$work/files/many$i"
done

start_server server 443 "$tools/quicserve" -q --upload --port 443 -d "$work/files"
start_server server 4433 "$tools/quicperf" server -q --json --alpn perf

# push WHAT ADDRESS SIZE OPTION...: client to server; quicperf compares SHA-256
push()
{
	check "$1" timeout 60 ip netns exec client "$tools/quicperf" client --json --alpn perf \
		--server-name server.test -i "$work/files/$3" "${@:4}" "$2"
}

same() { cmp "$work/files/$1" "$work/got/$1"; }

# get WHAT ADDRESS FILE...: server to client
get()
{
	local what=$1 f bad=

	rm -f "$work/got"/*
	if check "$what" timeout 60 ip netns exec client "$tools/quicget" -q --json \
		--server-name server.test -o "$work/got" "${@:2}"; then
		for f in "${@:3}"; do
			same "$f" > /dev/null 2>&1 || bad="$bad $f"
		done
		check_eq "$what: contents" "" "$bad"
	fi
}

for s in 1 1200 65537 1048576 8388608; do
	push "IPv4 push of $s bytes" "$ip4_b" "$s"
	push "IPv6 push of $s bytes" "$ip6_b" "$s"
done
for s in 1 65537 8388608; do
	push "push of $s bytes by sendfile" "$ip4_b" "$s" --sendfile -m 70000
done
get "IPv4 get of 1, 1200, 65537 bytes" "$ip4_b" 1 1200 65537
get "IPv6 get of 8 MiB" "$ip6_b" 8388608
# shellcheck disable=SC2046  # names
get "30 files on parallel streams" "$ip4_b" $(cd "$work/files" && echo many*)
check "the server takes a file" in_ns client "$tools/quicget" -q --server-name server.test \
	--put "$work/files/1048576" "$ip4_b" stored
check "and it is the same" cmp "$work/files/1048576" "$work/files/stored"
check "trains were sent" test "$(stat_of OutTrains client)" -lt "$(stat_of OutDatagrams client)"
check "trains were received" test "$(stat_of InTrains server)" -lt "$(stat_of InDatagrams server)"

offload_off client
offload_off server
push "no offload: IPv4 push of 1 MiB" "$ip4_b" 1048576
push "no offload: IPv6 push of 1 MiB" "$ip6_b" 1048576
get "no offload: get of 1 MiB" "$ip4_b" 1048576
offload_on client
offload_on server

segmentation_off client
segmentation_off server
netem client veth loss 5% delay 10ms limit 10000
netem server veth loss 5% delay 10ms limit 10000
push "5 % loss, 20 ms: IPv4 push of 1 MiB" "$ip4_b" 1048576
push "5 % loss, 20 ms: IPv6 push of 1 MiB" "$ip6_b" 1048576
get "5 % loss, 20 ms: get of 1 MiB" "$ip4_b" 1048576
netem client veth delay 10ms reorder 30% 50% limit 10000
netem server veth delay 5ms duplicate 10% limit 10000
push "reordering and duplicates: push of 1 MiB" "$ip4_b" 1048576
netem_trains client veth loss 2% delay 5ms limit 10000
netem_trains server veth loss 2% delay 5ms limit 10000
push "trains lost whole: push of 1 MiB" "$ip4_b" 1048576
in_ns client tc qdisc del dev veth root
in_ns server tc qdisc del dev veth root

# jumbo frames, and a link that is smaller than the first packets' guess
ip -n client link set veth mtu 9000
ip -n server link set veth mtu 9000
push "MTU 9000: push of 8 MiB" "$ip4_b" 8388608
ip -n client link set veth mtu 1280
ip -n server link set veth mtu 1280
push "MTU 1280: IPv6 push of 1 MiB" "$ip6_b" 1048576

quic_finish
