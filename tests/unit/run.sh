#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# run.sh DIR... - run DIR/unit of each and print one TAP stream: test names
# begin with the directory's name, 1..N comes last. Exit 1 when a test failed
# or a binary died.

for dir in "$@"; do
	name=${dir##*/}
	# shellcheck disable=SC2086  # a list of patterns
	"$dir/unit" -p "$name: " $FILTER 2>&1
	rc=$?
	[ $rc -le 1 ] || echo "not ok - $name: the test program died, status $rc"
done | awk '
	/^(not )?ok - / {
		n++
		bad += /^not/
		sub(/ok - /, "ok " n " - ")
	}
	# what a sanitizer or an assertion says is a diagnostic
	!/^(not )?ok |^#/ { $0 = "# " $0 }
	{ print; fflush() }
	END {
		print "1.." n + 0
		exit bad > 0 || n == 0
	}'
