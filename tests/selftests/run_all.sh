#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run_all.sh [PATTERN]...
#
# Run every selftest: tests/selftests/*/test_*.sh and what the C files *_test.c
# were built into (build/selftests/*/*_test).  All results become one stream of
# TAP with one plan; a line "# == FILE" stands before each file's results, and after
# them how long it took, and how much of that processors worked: the rest is waiting.
# A file that ends without a plan, with another number of results than it
# planned, or with a failure it did not report, adds a "not ok" of its own.
#
# PATTERN chooses files by a part of their path, or is a file's whole path.
# SELFTEST_LIMIT is the time limit of one file in seconds (600). SELFTEST_BRIEF, not
# empty, is for a kernel on which all that depends on the kernel is to be seen, while
# another one has it at length: some files do less. SELFTEST_WITHOUT names files, by parts
# of their paths, that another boot runs.
#
# A file that fails leaves EVIDENCE/KERNEL-FILE-N (evidence.sh says what is in it),
# where EVIDENCE is a directory of the host's, usually build/failures; a line
# "# evidence: DIRECTORY" names it.  Part of it is a second run.  Where that one passes,
# a line "# once: ..." takes the first one's failures back, for AGAIN_LIMIT files of a boot
# (2): what fails one time in hundreds on a machine that is busy is to be seen and looked
# into, and not to hide what fails each time.  What the kernel complains of is never taken back.

set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${QUICSOCK_BUILD:-$top/build}

# shellcheck source=tests/selftests/evidence.sh
. "$here/evidence.sh"

n=0 failed=0 forgiven=0

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

# run_file FILE DIR: its output, and its status in a last line; with EVIDENCE what
# it may leave is in DIR.
run_file()
{
	local since

	if [ -z "${EVIDENCE:-}" ]; then
		timeout -k 5 "${SELFTEST_LIMIT:-600}" "$1" 2>&1 < /dev/null
		printf '\nexit status %d\n' $?
		return
	fi
	mkdir -p "$2"
	since=$(dmesg | wc -l)
	{
		EVIDENCE_DIR=$2 timeout -k 5 "${SELFTEST_LIMIT:-600}" "$1" 2>&1 < /dev/null
		printf '\nexit status %d\n' $?
	} | tee "$2/output"
	dmesg | tail -n "+$((since + 1))" > "$2/console"
}

# keep FILE: its evidence goes to the host, after a second run with captures; true if that
# one passed.
keep()
{
	local name n=1 dir

	name=$(uname -r | cut -d . -f 1,2)-$(basename "$(dirname "$1")")_$(basename "$1" .sh)
	while [ -e "$EVIDENCE/$name-$n" ]; do
		n=$((n + 1))
	done
	dir=$EVIDENCE/$name-$n
	# what died without a word has none yet
	EVIDENCE_DIR=$taken evidence_counters
	EVIDENCE_CAPTURE=1 run_file "$1" "$taken/again" > /dev/null
	rm -f "$taken/again"/*.tcpdump*
	mkdir -p "$dir"
	cp -r "$taken"/. "$dir"
	echo "# evidence: ${dir#"$top"/}"
	[ "$(tail -n 1 "$dir/again/output")" = "exit status 0" ] &&
		! grep -q '^not ok\|^Bail out' "$dir/again/output"
}

# again FILE FAILURES: evidence is kept, and what failed once only is taken back.
again()
{
	keep "$1" || return 0
	if [ "$forgiven" -ge "${AGAIN_LIMIT:-2}" ]; then
		echo "# evidence: the second run, with captures, did not fail"
		return
	fi
	forgiven=$((forgiven + 1))
	failed=$((failed - $2))
	echo "# once: the second run, with captures, did not fail"
}

# processor_time: the hundredths of a second that all processors worked since the boot
processor_time()
{
	awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat
}

wanted()
{
	local p

	for p in ${SELFTEST_WITHOUT:-}; do
		[[ $1 != *"$p"* ]] || return
	done
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

# by its whole path: also one that is no test_*
for f; do
	if [[ $f == /* ]] && [ -x "$f" ]; then
		files=("$f")
	fi
done

taken=$(mktemp -d /tmp/evidence.XXXXXX)
trap 'rm -rf "$taken"' EXIT

echo "TAP version 13"
for f in "${files[@]}"; do
	name=$(basename "$(dirname "$f")")/$(basename "$f")
	echo "# == $name"
	begin=$SECONDS
	worked=$(processor_time)
	before=$failed
	# not in a pipeline: the count must survive
	take "$name" < <(run_file "$f" "$taken")
	if [ -n "${EVIDENCE:-}" ]; then
		[ "$failed" = "$before" ] || again "$f" $((failed - before))
		rm -rf "${taken:?}"/*
	fi
	echo "# == $name took $((SECONDS - begin)) s, $((($(processor_time) - worked) / 100)) s of a processor"
done
echo "1..$n"
[ "$failed" = 0 ]
