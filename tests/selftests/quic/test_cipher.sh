#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_cipher.sh - each cipher carries 2 MiB each way over IPv4 and IPv6, is what
# both ends report, and is read by somebody else's decoder with the key log; several
# connections with different ciphers at once; a cipher chosen by the listener, and
# one that quicd does not allow. SELFTEST_BRIEF leaves the decoder out.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

ciphers=(aes128-gcm aes256-gcm chacha20-poly1305)
declare -A suite=(
	[aes128-gcm]=TLS_AES_128_GCM_SHA256
	[aes256-gcm]=TLS_AES_256_GCM_SHA384
	[chacha20-poly1305]=TLS_CHACHA20_POLY1305_SHA256
)

quic_begin
start_quicd
setup_veth client server
note "$(grep '^Driver' /proc/net/quic/stat)"
check_eq "the kernel has all three" 3 "$(grep -c '^Driver' /proc/net/quic/stat)"
mkdir "$work/files" "$work/got"
head -c 2M /dev/urandom > "$work/files/down"
head -c 2M /dev/urandom > "$work/files/up"
start_server server 443 "$tools/quicserve" -q --json --upload -p 443 -d "$work/files"

client() { timeout 60 ip netns exec client "$tools/quicget" -q --json --server-name server.test "$@"; }

# both_ways CIPHER ADDRESS
both_ways()
{
	local out=$work/get.$1

	rm -f "$work/got/down" "$work/files/put"
	client --cipher "$1" -o "$work/got" "$2" down > "$out" 2>&1
	check_eq "$1, $2: 2 MiB down" 0 "$?" || note "$(cat "$out")"
	check "$1, $2: are the same" cmp "$work/files/down" "$work/got/down"
	check_eq "$1, $2: the client reports it" "${suite[$1]}" "$(field "$out" cipher)"
	check "$1, $2: 2 MiB up" client --cipher "$1" --put "$work/files/up" "$2" put
	check "$1, $2: are the same" cmp "$work/files/up" "$work/files/put"
}

for c in "${ciphers[@]}"; do
	both_ways "$c" "$ip4_b"
	both_ways "$c" "$ip6_b"
	check_eq "$c: the server reports it" "${suite[$c]}" "$(field "$work/server.443" cipher)"
done
out=$(client -o "$work/got" "$ip4_b" down)
check_eq "nobody asks: AES-128-GCM" "${suite[aes128-gcm]}" "$(field <(echo "$out") cipher)"

# --- at once: what arrives together has keys of each kind ---
for i in 0 1 2 3 4 5; do
	mkdir "$work/got/$i"
	client --cipher "${ciphers[i % 3]}" -o "$work/got/$i" "$ip4_b" down > "$work/many.$i" 2>&1 &
	many[i]=$!
done
for i in 0 1 2 3 4 5; do
	wait "${many[i]}"
	check_eq "of six at once, ${ciphers[i % 3]} ends well" 0 "$?" || note "$(cat "$work/many.$i")"
	check "and its 2 MiB are the same" cmp "$work/files/down" "$work/got/$i/down"
done

# --- the listener's choice, and quicd's ---
start_server server 444 "$tools/quicserve" -q --cipher chacha20-poly1305 -p 444 -d "$work/files"
out=$(client -p 444 -o "$work/got" "$ip4_b" down)
check_eq "the listener's cipher is chosen" "${suite[chacha20-poly1305]}" \
	"$(field <(echo "$out") cipher)"
check_eq "another cannot connect there" 3 \
	"$(client -p 444 --cipher aes256-gcm -o "$work/got" "$ip4_b" down > "$work/why" 2>&1; echo $?)"
note "$(cat "$work/why")"
quicd_conf ca | sed 's/^workers.*/&\nciphers = aes128-gcm aes256-gcm/' > "$work/quicd.conf"
kill -HUP "$quicd_pid"
refused() { client --cipher chacha20-poly1305 -o "$work/got" "$ip4_b" down 2>&1 | grep -q 'ciphers='; }
check "what quicd.conf leaves out is refused, and said so" wait_for 10 refused
check "others go on" client --cipher aes256-gcm -o "$work/got" "$ip4_b" down
quicd_conf ca > "$work/quicd.conf"
kill -HUP "$quicd_pid"
wait_for 10 client --cipher chacha20-poly1305 -o "$work/got" "$ip4_b" down

# the suites that servers chose
server_hellos()
{
	packets "$work/quic.pcap" -Y 'tls.handshake.type == 2' -T fields -e tls.handshake.ciphersuite
}

# --- on the wire: tshark has code of its own for packet and header protection ---
on_the_wire()
{
	local c

	segmentation_off client
	segmentation_off server
	head -c 100K "$work/files/down" > "$work/files/part"
	capture "$work/quic.pcap"
	for c in "${ciphers[@]}"; do
		check "captured: $c" client --cipher "$c" -o "$work/got" "$ip6_b" part
	done
	capture_end "$work/quic.pcap"
	look captured "$work/quic.pcap" "$work/files/part"
	check_eq "captured: each cipher was chosen once" "0x1301 0x1302 0x1303" \
		"$(server_hellos | xargs)"
}
[ -n "${SELFTEST_BRIEF:-}" ] || on_the_wire

quic_finish
