#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_maps.sh - no TLS in an application: while they are connected, the examples
# and the tools map neither GnuTLS nor OpenSSL. quicd does, or the search is blind.

# shellcheck disable=SC2016,SC2034  # awk; used by name
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

quic_begin
start_quicd
setup_veth client server
head -c 4M /dev/urandom > "$work/file"
tls='lib(gnutls|ssl|crypto|nss3|mbedtls|wolfssl)[.-]'

maps_tls() { grep -qE "$tls" "/proc/$1/maps"; }
# the program is there, and has started: it maps the C library
none() { grep -q 'libc[.-]' "/proc/$1/maps" && ! maps_tls "$1"; }

check "the search finds GnuTLS in quicd" maps_tls "$quicd_pid"

start_server server 443 "$tools/quicserve" -q -p 443 -d "$work"
quicserve=$server_pid
start_server server 4433 "$tools/quicperf" server -q --alpn perf
quicperf=$server_pid
start_server server 5001 "$examples/echo-server" 5001
echo_server=$server_pid
start_server server 5002 "$examples/bare-serve" 5002 "$work/file"
bare_serve=$server_pid

# Clients that have connected and cannot end: the link is slow.
netem server veth rate 2mbit limit 1000
netem client veth rate 2mbit limit 1000
ip netns exec client "$tools/quicget" -q --discard --server-name server.test "$ip4_b" file > "$work/quicget" 2>&1 &
quicget=$!
ip netns exec client "$tools/quicperf" client -q --alpn perf --server-name server.test -b 4M "$ip4_b" > "$work/qperf" 2>&1 &
qperf=$!
ip netns exec client "$examples/bare-get" "$ip4_b" 5002 server.test /file > "$work/bare" 2> "$work/bare.err" &
bare_get=$!
connected() { [ "$(in_ns client awk 'NR > 1 && $2 == 1' /proc/net/quic/conns | wc -l)" -ge "$1" ]; }
check "three clients are connected" wait_for 30 connected 3 ||
	note "$(cat "$work/quicget" "$work/qperf" "$work/bare.err")"

for p in quicget qperf bare_get quicserve quicperf echo_server bare_serve; do
	check "$p maps no TLS library" none "${!p}"
done

# too quick to be looked at: what the loader would map
for p in "$examples/hello" "$tools/quicget" "$tools/quicserve" "$tools/quicperf" \
	"$examples/echo-server" "$examples/bare-get" "$examples/bare-serve"; do
	check "${p##*/} links no TLS library" test "$(ldd "$p" | grep -cE "$tls")" = 0
done

in_ns client tc qdisc del dev veth root
in_ns server tc qdisc del dev veth root
wait "$bare_get"
check_eq "bare-get ends well" 0 "$?" || note "$(cat "$work/bare.err")"
check "with the same file" cmp "$work/file" "$work/bare"
check_eq "hello is answered" "hello, kernel" "$(in_ns client "$examples/hello" "$ip4_b" 5001 2>&1)"

quic_finish
