#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_evidence.sh - a test that fails leaves what evidence.sh promises, and its
# output says where; one that passes leaves nothing; one that fails once only is shown.

# shellcheck source=tests/selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

left=$(mktemp -d /tmp/left.XXXXXX)
on_exit "rm -rf $left"
unset EVIDENCE_DIR EVIDENCE_CAPTURE

said=$(EVIDENCE=$left "$selftests/run_all.sh" "$selftests/harness/fails.sh")
dir=$(echo "$left"/*-harness_fails-1)

check_eq "the failure is still one" 1 "$(grep -c '^not ok' <<< "$said")" || note "$said"
check "the output names the directory" grep -q "^# evidence: .*${dir##*/}\$" <<< "$said" || note "$said"
for f in output console counters keys.log quicd.1.log again/output again/counters again/keys.log \
	again/client.pcap0 again/server.pcap0; do
	check "$f has something in it" test -s "$dir/$f" || note "$(find "$left" -type f -size +0)"
done
check "counters of both namespaces" test "$(grep -c '^== namespace \(client\|server\)' "$dir/counters")" = 2
check "keys are keys" grep -q '^CLIENT_TRAFFIC_SECRET_0 ' "$dir/keys.log"
check "datagrams are in the capture" \
	test "$(tcpdump -nr "$dir/again/server.pcap0" udp port 443 2> /dev/null | wc -l)" -gt 10

rm -rf "${left:?}"/*
status=0
said=$(EVIDENCE=$left MARK=$left/mark "$selftests/run_all.sh" "$selftests/harness/once.sh") || status=$?
check_eq "what failed once is no failure" 0 "$status" || note "$said"
check_eq "and is shown" "1 1" "$(grep -c '^not ok' <<< "$said") $(grep -c '^# once: ' <<< "$said")" || note "$said"
rm -f "$left/mark"
status=0
said=$(EVIDENCE=$left MARK=$left/mark AGAIN_LIMIT=0 "$selftests/run_all.sh" "$selftests/harness/once.sh") || status=$?
check_eq "unless more failed so than may" 1 "$status" || note "$said"

rm -rf "${left:?}"/*
EVIDENCE=$left "$selftests/run_all.sh" "$build/selftests/harness/harness_test" > /dev/null
check_eq "nothing is left by a file that passes" "" "$(ls "$left")"
finish
