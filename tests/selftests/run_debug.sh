#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run_debug.sh [PATTERN]...
#
# run_all.sh on the debug kernel (scripts/debug-kernel), then what such a kernel
# can say at the end: nothing leaked (where it was not booted with kmemleak=off),
# lockdep did not give up, the kernel is not tainted by a complaint.  All waits of
# the selftests are longer (SELFTEST_SLOW).

set -u
here=$(cd "$(dirname "$0")" && pwd)
export SELFTEST_SLOW=${SELFTEST_SLOW:-6} SELFTEST_LIMIT=${SELFTEST_LIMIT:-1500}
leaks=/sys/kernel/debug/kmemleak

n=0 failed=0
result() # TEXT COMMAND...: a result more
{
	local text=$1 out

	shift
	n=$((n + 1))
	if out=$("$@" 2>&1); then
		echo "ok $n - $text"
	else
		failed=$((failed + 1))
		echo "not ok $n - $text"
		printf '%s\n' "$out" | head -n 60 | sed 's/^/# /'
	fi
}

# An object counts once it is some seconds old and two scans have missed it: the
# first may have met a pointer on its way from one place to another.
nothing_leaked()
{
	local report

	echo scan > "$leaks" && sleep 6 && echo scan > "$leaks" && echo scan > "$leaks" # an age, no event
	report=$(cat "$leaks")
	[ -z "$report" ] || { echo "$report"; return 1; }
}

lockdep_lives() { grep -E 'debug_locks: +1$' /proc/lockdep_stats; }

# W, D, B, L: a warning, an oops, a bad page, a lockup
not_tainted() { [ $(($(< /proc/sys/kernel/tainted) & (1 << 9 | 1 << 7 | 1 << 5 | 1 << 14))) = 0 ]; }

searches() { ! grep -qw kmemleak=off /proc/cmdline; }

# what the kernel itself lost while it booted is not ours
if searches; then
	echo scan > "$leaks"
	echo clear > "$leaks"
fi
# a failure that was asked for needs no stack
for f in /sys/kernel/debug/fail*/verbose; do
	echo 0 > "$f"
done

while IFS= read -r line; do
	case $line in
	1..[0-9]*)
		n=${line#1..}
		continue
		;;
	"not ok "*) failed=$((failed + 1)) ;;
	esac
	printf '%s\n' "$line"
done < <("$here/run_all.sh" "$@")

searches && result "kmemleak finds nothing" nothing_leaked
result "lockdep is still at work" lockdep_lives
result "the kernel is not tainted by a complaint" not_tainted
echo "1..$n"
[ "$failed" = 0 ]
