#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The unit tests of the protocol core inside this kernel: quicsock_test.ko, whose
# KTAP becomes a result here for each case. On a kernel with KUnit the module's
# suites have run when it is loaded, else they run while /proc/quicsock_test is
# read (kmod/selftest).

# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

kunit=/sys/kernel/debug/kunit

# results: "PLAN n", and a line for each case as it ends.
results()
{
	local f suite

	if [ -e /proc/quicsock_test ]; then
		cat /proc/quicsock_test
		return
	fi
	for f in "$kunit"/quicsock_*/results; do
		suite=${f%/results}
		# what stands a step to the right is of the cases
		sed -n "s/^    //p" "$f" | sed "s/^\(\(not \)\?ok [0-9]* \)/\1${suite##*/quicsock_}./"
	done
}

# report: results from stdin become ours; the rest is said again.
report()
{
	local line

	planned=0 given=0
	while IFS= read -r line; do
		case $line in
		1..[0-9]*) planned=$((planned + ${line#1..})) ;;
		"ok "*)
			ok "${line#ok * }"
			given=$((given + 1))
			;;
		"not ok "*)
			not_ok "${line#not ok * }"
			given=$((given + 1))
			;;
		"KTAP version "* | "# Subtest: "*) ;;
		*) note "${line#\# }" ;;
		esac
	done
}

load_module quicsock_test || die "cannot load quicsock_test.ko: $(dmesg | tail -n 3)"
report < <(results)
check_eq "every case of the plan has a result" "$planned" "$given"
check "there are cases" [ "$given" -ge 200 ]
check "the module can be removed" rmmod quicsock_test
finish
