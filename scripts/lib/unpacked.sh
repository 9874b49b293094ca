# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# unpacked.sh - small root directories of packages from bookworm-backports, unpacked
# and never installed.  Sourced by scripts/deps after common.sh and apt.sh, and by
# whoever asks only whether one is there.
#
#   $ngtcp2  QUIC by others: libngtcp2 and its GnuTLS helper (libraries, headers, the
#            client gtlsclient) and the library that the client asks for.  GnuTLS itself
#            is the machine's.
#   $qemu10  an emulator that does not run code which the guest has patched meanwhile:
#            QEMU before 8.1 may link a translation that a write has overtaken, and a
#            kernel that patches its static keys then dies of an int3 that is gone.  The
#            libraries are those of the machine's older QEMU.

ngtcp2=$build/cache/ngtcp2
ngtcp2_packages="libngtcp2-16 libngtcp2-dev libngtcp2-crypto-gnutls8 libngtcp2-crypto-gnutls-dev
	ngtcp2-client libnghttp3-9"
qemu10=$build/cache/qemu
qemu10_packages="qemu-system-x86 qemu-system-common qemu-system-data seabios"

unpacked_ready() { [ -e "$1/.ready" ]; }

# unpacked_asked DIR: is it here, or did the mirror say today that it has none?
unpacked_asked() { unpacked_ready "$1" || [ -n "$(find "$1.absent" -mmin -720 2> /dev/null)" ]; }

unpack_debs() # DIR
{
	local d

	for d in "$1.new"/debs/*.deb; do
		dpkg -x "$d" "$1.new" || return
	done
	rm -rf "$1.new/debs" "$1"
	mv "$1.new" "$1"
}

unpacked_fetch() # DIR BACKPORTS [BOOKWORM]
{
	rm -rf "$1.new"
	apt_world backports
	apt_update
	# shellcheck disable=SC2086  # a list of names
	apt_fetch "$1.new/debs" $2
	if [ -n "${3:-}" ]; then
		apt_world bookworm
		apt_update
		# shellcheck disable=SC2086  # a list of names
		apt_fetch "$1.new/debs" $3
	fi
	with_progress "unpacking Debian's ${1##*/}" no_probe unpack_debs "$1" ||
		die "cannot unpack ${1##*/} ($(tail -n 1 "$progress_log"))" "free some space and run this again"
	touch "$1/.ready"
}

# unpacked_get DIR BACKPORTS [BOOKWORM]: these packages below DIR.  Returns 1, having
# said why, where the mirror does not give them.
unpacked_get()
{
	unpacked_ready "$1" && return
	# its own shell: what is fatal in there is not here
	if (unpacked_fetch "$@"); then
		rm -f "$1.absent"
		return
	fi
	touch "$1.absent"
	return 1
}
