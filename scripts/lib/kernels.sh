# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# kernels.sh - Debian kernels with their headers, unpacked and never installed.
# Sourced by scripts/deps after common.sh and apt.sh.
#
# build/kernels/<series> becomes a small root directory of one kernel:
#
#   release                     its version, as uname -r says it
#   boot/vmlinuz                the image
#   usr/lib/modules/<release>   modules with depmod's index; build -> headers
#   usr/src, usr/lib/linux-kbuild-*
#
# Header packages hold absolute links and paths to /usr/src and /usr/lib; they
# are re-rooted here, so a tree belongs to the directory it was made in and the
# stamp file records that name.

# one name for it, whatever links lead there
kernels=$(realpath -m "$build/kernels")

# kernel_world SERIES: the set of sources that has the series.
kernel_world()
{
	case $1 in
	6.1 | 6.12) echo bookworm ;;
	7.2) echo sid ;;
	*) die "no kernel series '$1'" "one of 6.1, 6.12, 7.2" ;;
	esac
}

# kernel_packages SERIES: print the release and then its packages, or nothing
# where the mirror does not have the series.
kernel_packages()
{
	local img rel abi

	case $1 in
	6.1)	img=$(apt_find '^linux-image-6\.1\.0-[0-9]+-amd64$') ;;
	6.12)	img=$(apt_find '^linux-image-6\.12\.[0-9]+\+deb12-amd64$') ;;
	7.2)	img=$(apt_find '^linux-binary-7\.2\.[0-9]+(\+deb[0-9]+)?-amd64$') ;;
	esac
	[ -n "$img" ] || return 0
	rel=${img#linux-*-}
	abi=${rel%-amd64}
	echo "$rel" "$img" "linux-headers-$rel" "linux-headers-$abi-common"
	case $1 in
	6.1)	echo linux-kbuild-6.1 ;;
	6.12)	echo "linux-kbuild-$abi" ;;
	7.2)	echo "linux-kbuild-$abi linux-modules-$rel linux-base-$rel libc6" ;;
	esac
}

# kernel_root DIR RELEASE: make unpacked packages look like one root.
kernel_root()
{
	local t=$1 rel=$2 l f

	# a merged /usr, whatever the packages still use
	if [ -d "$t/lib" ] && [ ! -L "$t/lib" ]; then
		mkdir -p "$t/usr/lib"
		cp -al "$t/lib/." "$t/usr/lib/"
		rm -rf "${t:?}/lib"
	fi
	ln -sfn usr/lib "$t/lib"
	mkdir -p "$t/boot"
	if [ ! -e "$t/boot/vmlinuz-$rel" ]; then
		ln -f "$t/usr/lib/modules/$rel/vmlinuz" "$t/boot/vmlinuz-$rel"
	fi
	ln -sfn "vmlinuz-$rel" "$t/boot/vmlinuz"

	ln -sfn "$t/usr/src/linux-headers-$rel" "$t/usr/lib/modules/$rel/build"
	rm -f "$t/usr/lib/modules/$rel/source"
	for l in "$t"/usr/src/*/*; do
		[ -L "$l" ] || continue
		f=$(readlink "$l")
		case $f in
		/*)	ln -sfn "$t$f" "$l" ;;
		esac
	done
	for f in Makefile .kernelvariables; do
		f=$t/usr/src/linux-headers-$rel/$f
		[ ! -f "$f" ] || sed -i "s,/usr/src/linux-headers,$t/usr/src/linux-headers,g" "$f"
	done
	depmod -b "$t" "$rel"
	echo "$rel" > "$t/release"
}

# kernel_tools DIR: the tools of a kernel from a newer release want that
# release's C library; where one was unpacked with them, start them under it.
kernel_tools()
{
	local t=$1 ld libs f

	ld=$t/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
	[ -e "$ld" ] || return 0
	libs=${ld%/*}:/usr/lib/x86_64-linux-gnu:/lib/x86_64-linux-gnu
	find "$t"/usr/lib/linux-kbuild-* -type f -perm /111 | while read -r f; do
		[ "$(head -c 4 "$f" | tr -d '\0')" = $'\x7fELF' ] || continue
		mv "$f" "$f.elf"
		# shellcheck disable=SC2016  # expands when the tool is started
		printf '#!/bin/sh\nexec %s --library-path %s --argv0 "$0" %s.elf "$@"\n' \
			"$ld" "$libs" "$f" > "$f"
		chmod +x "$f"
	done
}

# unpack DIR: every package found in DIR/debs, at once.
unpack()
{
	local d=$1 p rc=0 pids=()

	for p in "$d"/debs/*.deb; do
		dpkg -x "$p" "$d" &
		pids+=($!)
	done
	for p in "${pids[@]}"; do
		wait "$p" || rc=1
	done
	return "$rc"
}

kernel_ready() { [ "$(cat "$kernels/$1/.ready" 2> /dev/null)" = "$kernels/$1" ]; }

# kernel_get SERIES: returns 1, quietly, where the mirror does not have it.
kernel_get()
{
	local t=$kernels/$1 list rel

	kernel_ready "$1" && return
	apt_world "$(kernel_world "$1")"
	apt_update
	list=$(kernel_packages "$1" | xargs)
	[ -n "$list" ] || return 1
	rel=${list%% *}
	rm -rf "$t"
	mkdir -p "$t/debs"
	# shellcheck disable=SC2086  # a list of names
	apt_fetch "$t/debs" ${list#* }
	with_progress "unpacking Debian's $rel" no_probe unpack "$t" ||
		die "cannot unpack $rel ($(tail -n 1 "$progress_log"))" "free some space and run this again"
	rm -rf "$t/debs"
	kernel_root "$t" "$rel"
	kernel_tools "$t"
	echo "$t" > "$t/.ready"
	say "kernel $1 is $rel"
}

# source_have SERIES: print the file name of the source's package, if it is there.
source_have() { find "$build/cache/source-$1" -name '*.deb' 2> /dev/null || true; }

# source_fetch SERIES: take turns; who comes second finds what the first fetched.
source_fetch()
{
	local dir=$build/cache/source-$1 new=$build/cache/source-$1.new

	mkdir -p "$build/cache"
	(
		flock 8
		[ -z "$(source_have "$1")" ] || exit 0
		apt_world "$(kernel_world "$1")"
		apt_update
		rm -rf "$new"
		apt_fetch "$new" "linux-source-$1"
		rm -rf "$dir"
		mv "$new" "$dir"
	) 8> "$dir.lock"
}

# source_deb SERIES: print the file name of the package with the series' source,
# downloaded once into the cache (150 MB) and never installed.
source_deb()
{
	[ -n "$(source_have "$1")" ] || source_fetch "$1" || return
	source_have "$1"
}

# source_tar SERIES: the source, a tar stream on stdout.
source_tar()
{
	dpkg --fsys-tarfile "$(source_deb "$1")" | tar -xO "./usr/src/linux-source-$1.tar.xz" | xz -dc
}

checkpatch=$build/cache/checkpatch

# checkpatch_get: the kernel's own judge of style, with the lists it reads.
checkpatch_get()
{
	[ ! -e "$checkpatch/.ready" ] || return 0
	source_deb 6.12 > /dev/null
	rm -rf "$checkpatch"
	mkdir -p "$checkpatch"
	with_progress "taking checkpatch out of the kernel's source" no_probe checkpatch_unpack ||
		die "cannot unpack $(source_deb 6.12) ($(tail -n 1 "$progress_log"))" "remove it and run this again"
	touch "$checkpatch/.ready"
}

checkpatch_unpack()
{
	source_tar 6.12 | tar -x -C "$checkpatch" --strip-components=1 --wildcards \
		'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch' \
		'*/Documentation/dev-tools/checkpatch.rst'
}
