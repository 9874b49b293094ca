# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# common.sh - what the checkers in shell share.  Sourced: tree is the tree to
# look at and the directory then, source.py says what a checker is.

# shellcheck source=../lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck disable=SC2034  # for those who read this
tree=${CHECK_TREE:-$top}
# shellcheck disable=SC2034
checks=$top/scripts/check
series=6.12
cd "$tree" || exit

# What a make that started us wants its own children to do (variables of its
# command line, its jobserver) is not for those that the checkers start.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL GNUMAKEFLAGS
unset O KSERIES KDIR OUT W WERROR C V DEBUG QUICSOCK_PARTS

# tree_files: the tree's files, of git's kind where there is git
tree_files()
{
	if [ -e .git ]; then
		git ls-files -co --exclude-standard | while read -r f; do
			[ ! -f "$f" ] || echo "$f"
		done | sort -u
	else
		find . -type f -printf '%P\n' | sort
	fi
}

# found: print findings from stdin, without the tree's own path and columns, each
# once; fail if there were any.
found()
{
	sed -e "s,^\($build/[^/]*/module\|$tree\)/,," -e 's/^\([^ :]*:[0-9]*\):[0-9]*: /\1: /' | awk '!seen[$0]++ { print; n++ } END { exit n > 0 }'
}

# told PATTERN COMMAND...: the lines of what the command says that match, or, if it
# failed and none did, how it ended.
told()
{
	local pattern=$1 log rc=0

	shift
	log=$("$@" 2>&1) || rc=$?
	if ! grep -E -- "$pattern" <<< "$log" && [ "$rc" != 0 ]; then
		echo "Makefile:1: \"$*\" ended with status $rc: ${log##*$'\n'}"
	fi
	return 0
}

# headers: the kernel headers that the module is built with.
headers() { echo "$build/kernels/$series/usr/lib/modules/$(< "$build/kernels/$series/release")/build"; }
