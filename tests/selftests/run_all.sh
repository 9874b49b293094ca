#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run_all.sh [PATTERN]...
#
# Run every selftest: tests/selftests/*/test_*.sh and what the C files *_test.c
# were built into (build/selftests/*/*_test).  All results become one stream of
# TAP with one plan; a line "# == FILE" stands before each file's results.  A
# file that ends without a plan, with another number of results than it
# planned, or with a failure it did not report, adds a "not ok" of its own.
#
# PATTERN chooses files by a part of their path.  SELFTEST_LIMIT is the time
# limit of one file in seconds (240).

set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${QUICSOCK_BUILD:-$top/build}

n=0 failed=0

result() # ok|not ok, TEXT
{
	n=$((n + 1))
	[ "$1" = ok ] || failed=$((failed + 1))
	echo "$1 $n - $2"
}

# take FILE: pass the TAP on stdin through, numbered anew.
take()
{
	local line text results=0 bad=0 plan='' status=

	while IFS= read -r line; do
		case $line in
		"ok "* | "not ok "*)
			text=${line#not }
			text=${text#ok }
			text=${text#"${text%%[!0-9]*}"}
			text=${text# }
			text=${text#- }
			results=$((results + 1))
			if [ "${line%%ok*}" = "not " ]; then
				bad=$((bad + 1))
				result "not ok" "$1: $text"
			else
				result ok "$1: $text"
			fi
			;;
		1..[0-9]*)
			plan=${line#1..}
			plan=${plan%% *}
			;;
		"TAP version "*) ;;
		"exit status "*) status=${line#exit status } ;;
		"") ;;
		"#"* | " "*) echo "$line" ;;
		*) echo "# $line" ;;
		esac
	done
	if [ -z "$plan" ]; then
		result "not ok" "$1: ended without a plan (status ${status:-none})"
	elif [ "$plan" != "$results" ]; then
		result "not ok" "$1: planned $plan results and gave $results"
	elif [ "$bad" = 0 ] && [ "$status" != 0 ]; then
		result "not ok" "$1: ended with status $status"
	fi
}

wanted()
{
	local p

	[ $# -gt 1 ] || return 0
	for p in "${@:2}"; do
		case $1 in
		*"$p"*) return 0 ;;
		esac
	done
	return 1
}

files=()
for f in "$here"/*/test_*.sh "$build"/selftests/*/*_test; do
	if [ -f "$f" ] && [ -x "$f" ] && wanted "$f" "$@"; then
		files+=("$f")
	fi
done

echo "TAP version 13"
for f in "${files[@]}"; do
	name=$(basename "$(dirname "$f")")/$(basename "$f")
	echo "# == $name"
	begin=$SECONDS
	# not in a pipeline: the count must survive
	take "$name" < <(
		timeout -k 5 "${SELFTEST_LIMIT:-240}" "$f" 2>&1 < /dev/null
		printf '\nexit status %d\n' $?
	)
	echo "# == $name took $((SECONDS - begin)) s"
done
echo "1..$n"
[ "$failed" = 0 ]
