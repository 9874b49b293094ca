#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# once.sh - fails where MARK names no file, which it makes: a second run passes.
# test_evidence.sh looks at what becomes of that; its name keeps it off the list of tests.

# shellcheck source=tests/selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

check "another one passes" true
check "the mark is there" test -e "$MARK"
touch "$MARK"
finish
