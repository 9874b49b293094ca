#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_netns.sh - network namespaces: which quicd serves which, and that a
# namespace goes, with everything in it, whatever its sockets were doing.
#
# Which daemon served is seen by whom it trusts: the one of the initial namespace
# trusts the server's CA, the one in the client's namespace does not.

# shellcheck disable=SC2016  # awk
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

quic_begin
start_quicd
init_quicd=$quicd_pid
setup_veth client server
head -c 100000 /dev/urandom > "$work/file"
serve() { start_server server 443 "$tools/quicserve" -q -p 443 -d "$work"; }
answer() { dial client "$ip4_b" 443 | cut -d ' ' -f 1; }

# --- who serves whom ---
serve
check_eq "without one of its own: the initial namespace's" OK "$(answer)"

quicd_conf otherca > "$work/strict.conf"
start_quicd client "$work/strict.conf"
strict=$quicd_pid
check_eq "with one of its own: that one" EKEYREJECTED "$(answer)"
check_eq "again" EKEYREJECTED "$(answer)"
check_eq "others do not notice" OK "$(dial server 127.0.0.1 443 | cut -d ' ' -f 1)"

# its own daemon is stopped: nobody else may step in while it is registered
kill -KILL "$strict"
wait "$strict" 2> /dev/null
check_eq "it dies: the initial namespace's again" OK "$(answer)"

sysctl -q net.quic.handshake_wait_ms=300
sysctl -q net.quic.handshake_fallback=0
check_eq "fallback off: nobody" EHOSTDOWN "$(answer)"
sysctl -q net.quic.handshake_fallback=1
sysctl -q "net.quic.handshake_wait_ms=$((3000 * ${SELFTEST_SLOW:-1}))"
check_eq "fallback on" OK "$(answer)"
check "a namespace cannot change it for all" test ! -w /proc/sys/net/quic/handshake_fallback -o \
	"$(in_ns client sysctl -n net.quic.handshake_fallback 2> /dev/null)" != 0

# --- each sees its own ---
check_eq "listeners are seen where they are" 1 "$(in_ns server tail -n +2 /proc/net/quic/listeners | wc -l)"
check_eq "and nowhere else" 0 "$(in_ns client tail -n +2 /proc/net/quic/listeners | wc -l)"

# --- namespaces end ---
# gone: the namespace's end of the veth is, so the other end is as well
gone() { ! ip -n "$1" link show dev veth > /dev/null 2>&1; }

# end_of NS PEER PIDS...: name and processes of a namespace go; so must the rest
end_of()
{
	local ns=$1 peer=$2

	shift 2
	del_ns "$ns"
	# it may have ended by itself
	[ $# = 0 ] || kill -KILL "$@" 2> /dev/null
	[ $# = 0 ] || wait "$@" 2> /dev/null
	check "$what: the namespace ends" wait_for 60 gone "$peer"
}

check_same() { check "$what: nothing of it stays" wait_for 40 same_objects "$before" || note "$(diff <(echo "$before") <(quic_objects))"; }

what="sockets open"
kill "$server_pid"
wait "$server_pid" 2> /dev/null
del_ns client
del_ns server
check "no object is left so far" wait_for 40 no_objects || note "$(quic_objects)"
before=$(quic_objects)
setup_veth client server
ip netns exec client "$helpers/hold" idle > "$work/hold" &
holder=$!
wait_for 10 has_line ready "$work/hold"
end_of client server "$holder"
check_same

what="connected within"
setup_veth client server
: > "$work/hold"
ip netns exec client "$helpers/hold" pair 3000000 > "$work/hold" &
holder=$!
wait_for 10 has_line ready "$work/hold" || note "$(cat "$work/hold")"
end_of client server "$holder"
check_same

what="the peer goes in mid-transfer"
setup_veth client server
serve
# slow enough for whoever looks at it
netem server veth rate $((10000 / ${SELFTEST_SLOW:-1}))kbit limit 1000
ip netns exec client "$tools/quicget" -q --discard --server-name server.test "$ip4_b" file file file file file file file file file > "$work/get" 2>&1 &
getting=$!
moving() { in_ns client awk 'NR > 1 && $15 > 20 { ok = 1 } END { exit !ok }' /proc/net/quic/conns; }
check "$what: it moves" wait_for 10 moving
end_of client server "$getting"
kill "$server_pid"
wait "$server_pid" 2> /dev/null
# the server's half waits for an answer that cannot come, within its bounds
del_ns server
check_same

what="in mid-handshake"
setup_veth client server
kill -STOP "$init_quicd"
ip netns exec client "$helpers/dial" "$ip4_b" 443 > "$work/dial" 2>&1 &
dialing=$!
begun() { in_ns client tail -n +2 /proc/net/quic/conns | grep -q .; }
check "$what: it has begun" wait_for 10 begun
end_of client server "$dialing"
kill -CONT "$init_quicd"
check_same

quic_finish
