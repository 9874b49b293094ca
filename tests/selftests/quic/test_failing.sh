#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_failing.sh - memory runs out somewhere in the life of a connection: each
# such life ends with success or a clear errno, and leaves nothing (life.c).
#
# A stock kernel takes every so manieth allocation (LIVES lives of them), a debug
# kernel each one, and there CONFIG_FAILSLAB fails each allocation of each call,
# those of the network's own code included. SELFTEST_BRIEF asks of a debug kernel
# no more than of a stock one.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

LIVES=25
each=
if [ -e /proc/self/fail-nth ] && [ -z "${SELFTEST_BRIEF:-}" ]; then
	each=1
fi
fail=/sys/kernel/debug/quicsock/fail
asked() { awk -v n="${1:-asked}" '$1 == n { print $2 }' "$fail"; }
set_fail() { echo "$1" > "$fail"; }
refused() { ! set_fail "$1" 2> /dev/null; }

# lives WHAT ARGUMENT...: nothing wrong; what came of them is said
lives()
{
	local rc=0

	"$helpers/life" "${@:2}" > "$work/lives" 2>&1 || rc=$?
	check_eq "$1" 0 "$rc"
	note "$(tail -n 20 "$work/lives")"
}

quic_begin
start_quicd

# --- the file ---
check "a life in which nothing fails" "$helpers/life" once
check_eq "nothing is counted until somebody asks" 0 "$(asked)"
for line in "" at "at 0" "at -1" "at x" "at 1 nothing" "every 0" sometimes \
		"at 1 $(printf 'x%.0s' {1..200})"; do
	check "refused: '${line:0:20}'" refused "$line"
done
set_fail count
check "a life that is counted" "$helpers/life" once
total=$(asked)
check "every kind is asked for: $(tr '\n' ' ' < "$fail")" test "$total" -gt 50 \
	-a "$(asked failed)" = 0 -a "$(asked conn)" = 2 -a "$(asked sock)" -gt 2 \
	-a "$(asked keys)" -gt 5 -a "$(asked tx)" -gt 5 -a "$(asked send)" -gt 1 -a "$(asked rx)" -gt 5 \
	-a "$(asked hs)" -gt 5 -a "$(asked stream)" -gt 5
check "trains are among what is sent and received" test "$(stat_of OutTrains)" -gt 0 \
	-a "$(stat_of InTrains)" -gt 0
set_fail off
check_eq "the numbers stay" "$total" "$(asked)"

# --- one fails ---
step=$((total / LIVES + 1))
[ -z "$each" ] || step=1
lives "one allocation fails, each ${step}th in turn of $total" walk "$step"

# --- many fail ---
lives "every 7th fails" every 7
lives "every 3rd of those for packets to send fails" every 3 tx
lives "every 3rd of those for what is sent fails" every 3 send
lives "every 3rd of those for packets received fails" every 3 rx

# --- those of others ---
if [ -n "$each" ]; then
	for f in failslab fail_page_alloc; do
		echo N > "/sys/kernel/debug/$f/ignore-gfp-wait"
		echo 0 > "/sys/kernel/debug/$f/verbose"
	done
	echo 0 > /sys/kernel/debug/fail_usercopy/verbose
	echo 0 > /sys/kernel/debug/fail_page_alloc/min-order
	lives "each allocation of each call fails" nth
fi

check "a life in which nothing fails, afterwards" "$helpers/life" once
quic_finish
