# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# common.sh - what every script of the tree needs: where the tree is, how to
# say something, how to fail with one line that names the cure, and how to
# show that a long step is alive.  Sourced, never run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${QUICSOCK_BUILD:-$top/build}
me=${0##*/}

# Everything a script says about itself goes to stderr: stdout is for results.
say() { printf '%s: %s\n' "$me" "$*" >&2; }

# die WHAT [CURE]: one line, exit status 1.
die()
{
	if [ $# -gt 1 ]; then
		printf '%s: %s; cure: %s\n' "$me" "$1" "$2" >&2
	else
		printf '%s: %s\n' "$me" "$1" >&2
	fi
	exit 1
}

have() { command -v "$1" > /dev/null 2>&1; }

# Is somebody looking, so that a line may be rewritten in place?
on_screen() { [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; }

# with_progress TEXT PROBE COMMAND...: run COMMAND with its output in a log,
# and show TEXT, the seconds gone and what PROBE prints: every second in place
# on a screen, else a line every five seconds.  Leaves the log in $progress_log.
progress_log=
with_progress()
{
	local text=$1 probe=$2 pid start=$SECONDS shown=0 now rc=0
	shift 2

	progress_log=$(mktemp "${TMPDIR:-/tmp}/quicsock.XXXXXX")
	on_screen || say "$text ..."
	"$@" > "$progress_log" 2>&1 < /dev/null &
	pid=$!
	while kill -0 "$pid" 2> /dev/null; do
		now=$((SECONDS - start))
		if on_screen; then
			printf '\r%s: %s ... %d s%s\033[K' "$me" "$text" \
				"$now" "$($probe)" >&2
		elif [ $((now - shown)) -ge 5 ]; then
			shown=$now
			say "$text ... $now s$($probe)"
		fi
		# a wait with a limit: returns at once when the command ends
		timeout 1 tail --pid="$pid" -s 0.1 -f /dev/null || true
	done
	wait "$pid" || rc=$?
	if on_screen; then
		printf '\r\033[K' >&2
	fi
	now=$((SECONDS - start))
	if [ "$rc" = 0 ]; then
		say "$text: done in $now s"
	fi
	return "$rc"
}

# no_probe: for with_progress when there is nothing to add.
no_probe() { :; }

# free_mib DIR: room left on the file system that holds DIR.
free_mib()
{
	local d=$1

	while [ ! -d "$d" ]; do
		d=$(dirname "$d")
	done
	df -Pk "$d" | awk 'NR == 2 { print int($4 / 1024) }'
}
