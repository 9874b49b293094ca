# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# peer.sh - what the talks with h09peer share: it is here, it serves, it asks.
#
#	. "$(dirname "$0")/peer.sh"
#	quic_begin; start_quicd; setup_veth client server; mkdir "$work/files"
#	peer_server 4433			# serves $work/files in namespace server
#	h09 -p 443 "$ip4_b" file		# asks from namespace client; $work/h09

# shellcheck disable=SC2034  # for the files that read this one
# shellcheck source=../quic/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/../quic/env.sh"

ngtcp2=$build/cache/ngtcp2/usr
peer=$build/tests/interop/h09peer
limit=90	# seconds of one call
if [ ! -e "$build/cache/ngtcp2/.ready" ]; then
	skip "libngtcp2 is here" "the mirror has no bookworm-backports"
	finish
fi
ok "libngtcp2 is here"
[ -x "$peer" ] || die "no $peer: make -C tests/interop"

# peer_server PORT ARGUMENT...
peer_server()
{
	start_server server "$1" "$peer" server -p "$1" -d "$work/files" \
		--cert "$certs/good.pem" --key "$certs/good.key" "${@:2}"
}

h09()
{
	timeout "$limit" ip netns exec client "$peer" client --ca "$certs/ca.pem" \
		--server-name server.test "$@" > "$work/h09" 2>&1
}

# take_sums: the checksums of $work/files
declare -A sums
take_sums()
{
	local sum name

	while read -r sum name; do
		sums[$name]=$sum
	done < <(cd "$work/files" && sha256sum -- *)
}

# as_they_were N: N files came, each with the checksum of the one it was asked for
as_they_were()
{
	local path sum n=0 bad=0

	while read -r path sum; do
		n=$((n + 1))
		[ "${sums[$path]}" = "$sum" ] || { echo "$path differs"; bad=1; }
	done < <(sed -n 's/.*"path":"\([^"]*\)","sha256":"\([^"]*\)","error":"".*/\1 \2/p' "$work/h09")
	echo "$n files of $1"
	[ "$n" = "$1" ] && [ "$bad" = 0 ]
}

# same_files FILE...: of $work/got, the same
same_files() { (cd "$work/got" && sha256sum -- "$@") | diff - <(for f; do echo "${sums[$f]}  $f"; done); }

# timed WHAT COMMAND...: check, and say how long it took
timed()
{
	local begin=${EPOCHREALTIME/./} rc=0

	check "$@" || rc=$?
	note "$(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
	return "$rc"
}
