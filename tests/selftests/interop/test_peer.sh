#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_peer.sh - quicsock talks to strangers: h09peer, which is Debian's libngtcp2
# with GnuTLS in userspace (tests/interop), and Debian's gtlsclient.  h09peer is once
# the client and once the server: files by IPv4 and IPv6, many streams, many
# handshakes in one process, every cipher, a link that loses.  Contents are compared
# by SHA-256.
#
# INTEROP=full (make interop) moves 10 MiB by every way, else 1 MiB by some;
# SELFTEST_BRIEF leaves out what does not depend on the kernel.

# shellcheck source=peer.sh
. "$(dirname "$0")/peer.sh"

full=
size=1M some=256K lossy=256K delay=10ms
ciphers=("aes256 AES-256-GCM TLS_AES_256_GCM_SHA384"
	"chacha20 CHACHA20-POLY1305 TLS_CHACHA20_POLY1305_SHA256")
if [ "${INTEROP:-}" = full ]; then
	full=1 size=10M some=1M lossy=10M limit=600 delay=2ms
	ciphers+=("aes128 AES-128-GCM TLS_AES_128_GCM_SHA256")
fi

quic_begin
start_quicd
setup_veth client server
modprobe -q sch_netem

mkdir -p "$work/files" "$work/got"
head -c "$size" /dev/urandom > "$work/files/file"
head -c "$some" /dev/urandom > "$work/files/some"
head -c "$lossy" /dev/urandom > "$work/files/lossy"
head -c 3001 /dev/urandom > "$work/files/small"
: > "$work/files/empty"
many=()
for i in {1..20}; do
	many+=("many$i")
	head -c $((i * 1501)) /dev/urandom > "$work/files/many$i"
done
take_sums

start_server server 443 "$tools/quicserve" --json --upload --alpn hq-interop,h3 \
	-p 443 -d "$work/files"
peer_server 4433

# --- h09peer asks us ---

# ask WHAT N ARGUMENT...: N files come
ask()
{
	if timed "h09peer from us: $1" h09 "${@:3}"; then
		check "h09peer from us: $1: SHA-256" as_they_were "$2"
	fi
	note "$(tail -n 1 "$work/h09")"
}

# --- we ask h09peer ---

rekey=		# to preload into quicget
begin_with=	# its first QUIC version

get()
{
	timeout "$limit" ip netns exec client env ${rekey:+LD_PRELOAD="$rekey"} "$tools/quicget" \
		--json --server-name server.test ${begin_with:+--quic-version "$begin_with"} \
		-o "$work/got" -p "$@" > "$work/get" 2>&1
}

# fetch WHAT PORT HOST FILE...
fetch()
{
	rm -f "$work/got"/*
	if timed "we from h09peer: $1" get "${@:2}"; then
		check "we from h09peer: $1: SHA-256" same_files "${@:4}"
	fi
	note "$(tail -n 1 "$work/get" | cut -c -400)"
}

# --- a clean link ---

ask "IPv4, $size and more, 8 streams at a time" 23 "$ip4_b" file empty small "${many[@]}"
ask "IPv6, 20 handshakes in one process" 20 --connections 20 --parallel 4 "$ip6_b" small
check "all of them confirmed" grep -q '"summary".*"connected":20,"confirmed":20' "$work/h09"
ask "the end of a request comes after its line" 1 --late-fin "$ip4_b" file
fetch "IPv6, $size and more, 8 streams at a time" 4433 "$ip6_b" file empty small "${many[@]}"
if [ -n "$full" ]; then
	fetch "IPv4, $size" 4433 "$ip4_b" file
	ask "IPv6, $size" 1 "$ip6_b" file
	ask "IPv4, $size without trains" 1 --no-gso "$ip4_b" file
	ask "IPv4, 20 handshakes, one after the other" 20 --connections 20 "$ip4_b" small
	all_connect() { local i; for i in {1..20}; do get 4433 "$1" small || return; done; }
	timed "we to h09peer: 20 handshakes, one after the other" all_connect "$ip6_b"
	put() { get 4433 --put "$work/files/file" "$ip4_b" stored; }
	timed "we put $size" put
	check "SHA-256" grep -q "\"PUT\",\"path\":\"/stored\",\"sha256\":\"${sums[file]}\"" \
		"$work/server.4433"
fi

timed "h09peer puts $size" h09 --bulk-put "$size" "$ip6_b"
check_eq "all of it is here" "$(stat -c %s "$work/files/file")" "$(stat -c %s "$work/files/bulk")"

# --- Retry: each side wants the other's address proved ---

retries() { echo "$(stat_of RetrySent server) $(stat_of RetryRecv client)"; }
before=$(retries)
echo 2 > /proc/sys/net/quic/retry
ask "with Retry" 2 --connections 2 "$ip4_b" small
echo 1 > /proc/sys/net/quic/retry
check_eq "two Retry packets more" "$((${before% *} + 2)) ${before#* }" "$(retries)"
peer_server 4436 --retry
fetch "with Retry" 4436 "$ip6_b" small
check_eq "one was taken" "$((${before#* } + 1))" "$(stat_of RetryRecv client)"

# --- every cipher; the suite's name is what we say, the other is GnuTLS's ---

[ -z "${SELFTEST_BRIEF:-}" ] || ciphers=()
peer_port=4440
for c in "${ciphers[@]}"; do
	read -r cipher theirs ours <<< "$c"
	peer_port=$((peer_port + 1))
	peer_server "$peer_port" --ciphers "$cipher"
	ask "$theirs" 1 --ciphers "$cipher" "$ip4_b" some
	check_eq "h09peer from us: $theirs: it was that" "$theirs" "$(field "$work/h09" cipher)"
	fetch "$theirs" "$peer_port" "$ip6_b" some
	check_eq "we from h09peer: $theirs: it was that" "$ours" "$(field "$work/get" cipher)"
done

# --- version 2, each way; and a server of both takes what the client begins with ---

v2=$((0x6b3343cf))
version_of() { field <(grep '"connection"' "$1") version; }
ask "version 2" 1 --version 2 "$ip4_b" some
check_eq "it was version 2" "$v2" "$(version_of "$work/h09")"
begin_with=2
fetch "version 2, of both" 4433 "$ip6_b" some
check_eq "it was version 2" "$v2" "$(field "$work/get" version)"
peer_server 4437 --version 2 --retry
fetch "version 2, with Retry" 4437 "$ip4_b" some
check_eq "it was version 2" "$v2" "$(field "$work/get" version)"

# --- Version Negotiation: h09peer takes one version only, and we have the other ---

begin_with=
anew=$(stat_of VersionNegRecv client)
fetch "version 1, then 2" 4437 "$ip6_b" some
check_eq "it was version 2" "$v2" "$(field "$work/get" version)"
peer_server 4438 --version 1
begin_with=2
fetch "version 2, then 1" 4438 "$ip4_b" some
begin_with=
check_eq "it was version 1" 1 "$(field "$work/get" version)"
check_eq "twice we began anew" $((anew + 2)) "$(stat_of VersionNegRecv client)"

# --- key updates: h09peer's, then ours beside them; slow enough for some ---

# rekeyed FILE: key updates that h09peer counts as its own
rekeyed() { field <(grep '"connection"' "$1") key_updates; }
# updates NS: key updates in the counters there, of ours and of the peer's
updates() { echo "$(stat_of KeyUpdatesLocal "$1") $(stat_of KeyUpdatesPeer "$1")"; }

key_updates()
{
	netem client veth rate 8mbit limit 10000
	netem server veth rate 8mbit limit 10000
	peer_server 4435 --key-updates 4
	start_server server 444 env LD_PRELOAD="$helpers/rekey_preload.so" "$tools/quicserve" -q \
		-p 444 -d "$work/files"
	read -r _ before <<< "$(updates server)"
	ask "it updates keys" 1 --key-updates 4 "$ip4_b" file
	read -r _ after <<< "$(updates server)"
	check_eq "it did, four times" 4 "$(rekeyed "$work/h09")"
	check_eq "and we followed" 4 "$((after - before))"
	read -r before _ <<< "$(updates server)"
	ask "we update keys" 1 -p 444 "$ip6_b" file
	read -r after _ <<< "$(updates server)"
	check "we did" test "$((after - before))" -ge 1
	note "$((after - before)) times"

	read -r before_us before <<< "$(updates client)"
	fetch "it updates keys" 4435 "$ip4_b" file
	read -r _ after <<< "$(updates client)"
	check "and we followed" test "$((after - before))" -ge 1
	note "$((after - before)) times"
	rekey=$helpers/rekey_preload.so
	fetch "we update keys" 4433 "$ip6_b" file
	rekey=
	read -r after_us _ <<< "$(updates client)"
	check "we did" test "$((after_us - before_us))" -ge 1
	note "$((after_us - before_us)) times"
	in_ns client tc qdisc del dev veth root
	in_ns server tc qdisc del dev veth root
}
[ -n "${SELFTEST_BRIEF:-}" ] || key_updates

check_eq "we could open every packet" "0 0" "$(stat_of DropDecrypt client) $(stat_of DropDecrypt server)"

# --- Debian's own client, which speaks HTTP/3 only ---

gtlsclient()
{
	timeout "$limit" ip netns exec client env LD_LIBRARY_PATH="$ngtcp2/lib/x86_64-linux-gnu" \
		"$ngtcp2/bin/gtlsclient" --exit-on-all-streams-close \
		"$1" 443 https://server.test/small > "$work/gtls" 2>&1
}

timed "gtlsclient ends well" gtlsclient "$ip4_b"
check "its handshake was completed" grep -q 'QUIC handshake has completed' "$work/gtls"
check "and confirmed" grep -q 'QUIC handshake has been confirmed' "$work/gtls"
check "we agreed on h3" wait_for 10 has_line '"alpn":"h3"' "$work/server.443"

# --- a link that loses; netem drops trains whole, so nobody sends any ---

lossy_link()
{
	peer_server 4434 --no-gso
	segmentation_off client
	segmentation_off server
	netem client veth loss 5% delay "$delay" limit 10000
	netem server veth loss 5% delay "$delay" limit 10000
	ask "5 % loss, IPv6, $lossy" 1 --no-gso "$ip6_b" lossy
	fetch "5 % loss, IPv4, $lossy" 4434 "$ip4_b" lossy
	if [ -n "$full" ]; then
		ask "5 % loss, IPv4, $lossy" 1 --no-gso "$ip4_b" lossy
		fetch "5 % loss, IPv6, $lossy" 4434 "$ip6_b" lossy
		ask "5 % loss, 20 handshakes" 20 --connections 20 --parallel 5 "$ip4_b" small
	fi
	in_ns client tc qdisc del dev veth root
	in_ns server tc qdisc del dev veth root
}
[ -n "${SELFTEST_BRIEF:-}" ] || lossy_link

check_eq "h09peer's servers saw no error" "" \
	"$(grep -h '"connection"' "$work"/server.44?? | grep -v '"error":""')"
quic_finish
