# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# peers.sh - QUIC implementations written by others, from Debian's packages,
# unpacked and never installed.  Sourced by scripts/deps after common.sh and apt.sh.
#
# $ngtcp2 becomes a small root directory with libngtcp2 and its GnuTLS helper
# (bookworm-backports: libraries, headers, the client gtlsclient) and with the
# libraries that the client asks for.  GnuTLS itself is the machine's.

ngtcp2=$build/cache/ngtcp2
ngtcp2_packages="libngtcp2-16 libngtcp2-dev libngtcp2-crypto-gnutls8 libngtcp2-crypto-gnutls-dev
	ngtcp2-client libnghttp3-9"

ngtcp2_ready() { [ -e "$ngtcp2/.ready" ]; }

# ngtcp2_asked: is it here, or did the mirror say today that it has none?
ngtcp2_asked() { ngtcp2_ready || [ -n "$(find "$ngtcp2.absent" -mmin -720 2> /dev/null)" ]; }

ngtcp2_unpack()
{
	local d

	for d in "$ngtcp2.new"/debs/*.deb; do
		dpkg -x "$d" "$ngtcp2.new" || return
	done
	rm -rf "$ngtcp2.new/debs" "$ngtcp2"
	mv "$ngtcp2.new" "$ngtcp2"
}

ngtcp2_fetch()
{
	rm -rf "$ngtcp2.new"
	apt_world backports
	apt_update
	# shellcheck disable=SC2086  # a list of names
	apt_fetch "$ngtcp2.new/debs" $ngtcp2_packages
	apt_world bookworm
	apt_update
	apt_fetch "$ngtcp2.new/debs" libev4
	with_progress "unpacking Debian's ngtcp2" no_probe ngtcp2_unpack ||
		die "cannot unpack ngtcp2 ($(tail -n 1 "$progress_log"))" "free some space and run this again"
	touch "$ngtcp2/.ready"
}

# ngtcp2_get: returns 1, having said why, where the mirror does not give it.
ngtcp2_get()
{
	ngtcp2_ready && return
	# its own shell: what is fatal in there is not here
	if (ngtcp2_fetch); then
		rm -f "$ngtcp2.absent"
		return
	fi
	touch "$ngtcp2.absent"
	return 1
}
