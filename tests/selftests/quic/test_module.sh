#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_module.sh - quicsock.ko comes and goes: aliases, refusals with their
# reason, nothing left behind, not removed while in use.

# shellcheck disable=SC2015  # what fails is seen below
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

ko=$build/$(series)/quicsock.ko

has_alias() { modinfo -F alias "$ko" | grep -qx -- "$1"; }

names_gone()
{
	! [ -e /proc/net/quic ] && ! [ -e /proc/sys/net/quic ] &&
		! grep -q '^QUIC' /proc/net/protocols && ! genl_has quic_hs
}

genl_has() { genl ctrl list 2> /dev/null | grep -q "Name: $1"; }

# refused_while WHAT: with the name taken, loading fails, and says why
refused_while()
{
	local rc=0 mark

	mark=$(dmesg | wc -l)
	insmod "$ko" 2> "$work/insmod" || rc=$?
	dmesg | tail -n "+$((mark + 1))" > "$work/said"
	check "$1 taken: refused" test "$rc" != 0 || rmmod quicsock
	check "$1 taken: says which, and the cure" \
		grep -q "not loaded: .*$2.*taken already: .*try again" "$work/said" ||
		note "$(cat "$work/said")"
}

taken()
{
	load_module quic_taken_test what="$1" || die "cannot load quic_taken_test"
	refused_while "$1" "$2"
	rmmod quic_taken_test
}

for a in net-pf-2-proto-261-type-2 net-pf-10-proto-261-type-2 net-pf-2-proto-261 net-pf-10-proto-261; do
	check "alias $a" has_alias "$a"
done
check "it is GPL" grep -q GPL <(modinfo -F license "$ko")

quic_begin
check "/proc/net/protocols shows it" grep -q '^QUIC' /proc/net/protocols
check "/proc/net/quic exists" test -r /proc/net/quic/conns -a -r /proc/net/quic/listeners -a -r /proc/net/quic/stat
check "net.quic exists" test -w /proc/sys/net/quic/handshake_fallback
check "a second time: refused" test "$(insmod "$ko" 2>&1 | grep -c 'File exists')" = 1
check "and is still there" module_is_loaded quicsock

# in use: two sockets, one of them bound, held by a child
"$helpers/hold" idle > "$work/hold" &
holder=$!
wait_for 10 has_line ready "$work/hold" || die "no sockets: $(cat "$work/hold")"
check "in use: cannot be removed" test "$(rmmod quicsock 2>&1 | grep -c 'in use')" = 1
check "and is still there" module_is_loaded quicsock
kill "$holder"
wait "$holder" 2> /dev/null

# a listener and an established connection
start_quicd
: > "$work/hold"
"$helpers/hold" pair > "$work/hold" &
holder=$!
wait_for 10 has_line ready "$work/hold" || die "no connection: $(cat "$work/hold")"
check "connected: cannot be removed" test "$(rmmod quicsock 2>&1 | grep -c 'in use')" = 1
kill -KILL "$holder"
wait "$holder" 2> /dev/null
stop_quicd
check "no object is left" wait_for 30 no_objects || note "$(quic_objects)"
check "then it can" wait_for 10 rmmod quicsock
check "its names are gone" names_gone

modprobe -q genl 2> /dev/null
taken proc /proc/net/quic
taken family quic_hs
taken protocol 261
check "nothing stays of what was refused" names_gone

# again and again
for _ in 1 2 3 4 5; do
	insmod "$ko" && rmmod quicsock || break
done
check "loads and unloads five times" names_gone
check "no cache stays" test -z "$(ls -d /sys/kernel/slab/quic* /sys/kernel/slab/QUIC* 2> /dev/null)"
check "the kernel did not complain" kernel_is_quiet
finish
