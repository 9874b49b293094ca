#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# with_env.sh COMMAND...: run a test in C with quicsock.ko loaded and quicd
# serving.  The TAP is COMMAND's; what it leaves behind fails the file.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

quic_begin
start_quicd
QUIC_ENV=1 QUICD_PID=$quicd_pid "$@"
rc=$?
[ "$rc" = 0 ] || evidence_counters
quic_leave > "$work/leave"
if [ "$tap_bad" != 0 ]; then
	sed 's/^/# /' "$work/leave"
	sed 's/^/# quicd: /' "$quicd_log" | tail -n 30
	rc=1
fi
exit "$rc"
