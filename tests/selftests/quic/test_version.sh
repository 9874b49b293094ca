#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_version.sh - QUIC version 2 (RFC 9369): a file with each cipher, by IPv6, with
# Retry; both ends report it; every long header on the wire is of version 2
# to somebody else's decoder, which reads all packets with quicd's key log. One
# listener serves both versions at once. Somebody on the path who forges Version
# Negotiation cannot bring a client to another version than its own (RFC 9368): both
# ends say their versions under TLS, which the decoder reads, too. A listener that
# prefers version 2 moves clients to it that begin with version 1 (RFC 9368 2.3).

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

v1=1 v2=$((0x6b3343cf))

quic_begin
start_quicd
setup_veth client server
# a train would stand in the capture as one datagram of 64 KiB
segmentation_off client
segmentation_off server
mkdir "$work/files" "$work/got"
head -c 512K /dev/urandom > "$work/files/file"
start_server server 443 "$tools/quicserve" -q --json -p 443 -d "$work/files"

# client VERSION ARGUMENT...
client()
{
	timeout 60 ip netns exec client "$tools/quicget" -q --json --server-name server.test \
		--quic-version "$1" -o "$work/got" "${@:2}"
}

# one WHAT VERSION NUMBER ARGUMENT...: the file comes, and both ends say NUMBER
one()
{
	local out=$work/out.$2

	rm -f "$work/got/file" "$out"
	client "$2" "${@:4}" file > "$out" 2>&1
	check_eq "$1: a file" 0 "$?" || note "$(cat "$out")"
	check "$1: is the same" cmp "$work/files/file" "$work/got/file"
	check_eq "$1: the client's version" "$3" "$(field "$out" version)"
	check "$1: the server's version" wait_for 10 served "$3"
}
port=443
# the latest connection that the server reported had this version
served() { [ "$(field "$work/server.$port" version)" = "$1" ]; }

capture "$work/quic.pcap"
for c in aes128-gcm aes256-gcm chacha20-poly1305; do
	one "version 2, $c" 2 "$v2" --cipher "$c" "$ip4_b"
done
one "version 2, IPv6" 2 "$v2" "$ip6_b"
retries=$(stat_of RetrySent server)
echo 2 > /proc/sys/net/quic/retry
one "version 2, Retry" 2 "$v2" "$ip4_b"
echo 1 > /proc/sys/net/quic/retry
check_eq "one Retry more" $((retries + 1)) "$(stat_of RetrySent server)"
capture_end "$work/quic.pcap"
look_version=0x6b3343cf look "version 2" "$work/quic.pcap" "$work/files/file"

# once for all that follows: datagrams with their TLS messages, the versions chosen, the
# parameters, QUIC bits, forms, ports
packets "$work/quic.pcap" -Y quic -T fields -e tls.handshake.type -e tls.quic.parameter.vi.chosen_version \
	-e tls.quic.parameter.type -e quic.fixed_bit -e quic.header_form -e udp.srcport -e udp.dstport \
	> "$work/greased"
# lines FILE [COLUMN VALUE]...: those that have each VALUE among those of its COLUMN
lines()
{
	awk -F '\t' -v want="${*:2}" 'BEGIN { n = split(want, w, " ") }
		{ for (i = 1; i < n; i += 2) if (("," $w[i] ",") !~ "," w[i + 1] ",") next; print }' "$1"
}

# said TYPE: the chosen versions in the TLS messages of this type
said() { lines "$work/greased" 1 "$1" | cut -f 2 | sort -u; }
check_eq "every ClientHello chose it" 0x6b3343cf "$(said 1)"
check_eq "and all EncryptedExtensions" 0x6b3343cf "$(said 8)"

# --- what is greased: parameters, and the QUIC bit (RFC 9287) ---

# reserved TYPE: the TLS messages of this type that have a parameter 31 * N + 27
reserved()
{
	lines "$work/greased" 1 "$1" | cut -f 3 |
		awk -F , 'function hex(s, n, i) {
				for (i = 3; i <= length(s); i++)
					n = (n * 16 + index("0123456789abcdef", tolower(substr(s, i, 1))) - 1) % 31
				return n
			}
			{ for (i = 1; i <= NF; i++) if (hex($i) == 27) { n++; break } } END { print n + 0 }'
}
hellos() { lines "$work/greased" 1 "$1" | wc -l; }
check_eq "each ClientHello has a reserved parameter" "$(hellos 1)" "$(reserved 1)"
check_eq "and all EncryptedExtensions" "$(hellos 8)" "$(reserved 8)"

# bits VALUE COLUMN VALUE...: packets whose QUIC bit has it
bits() { lines "$work/greased" 4 "$@" | wc -l; }
for way in "srcport 6" "dstport 7"; do
	for bit in 0 1; do
		check "1-RTT packets with the ${way% *}, QUIC bit $bit" test \
			"$(bits $bit 5 0 "${way#* }" 443)" -ge 20
	done
done
check_eq "a client's first Initial has it set" 0 "$(bits 0 1 1)"

# --- both versions, of one listener and at once ---
one "version 1" 1 "$v1" "$ip4_b"
for i in 1 2 3 4; do
	mkdir "$work/got/$i"
	client $((i % 2 + 1)) -o "$work/got/$i" "$ip6_b" file > "$work/many.$i" 2>&1 &
	many[i]=$!
done
for i in 1 2 3 4; do
	wait "${many[i]}"
	check_eq "of four at once, version $((i % 2 + 1)) ends well" 0 "$?" ||
		note "$(cat "$work/many.$i")"
	check "and its file is the same" cmp "$work/files/file" "$work/got/$i/file"
done

# --- from version 1 to 2 within a connection ---
start_server server 444 "$tools/quicserve" -q --json -p 444 --quic-version 2 -d "$work/files"
port=444
changed_before="$(stat_of VersionsChanged client) $(stat_of VersionsChanged server)"
check_eq "nobody has changed the version so far" "0 0" "$changed_before"
capture "$work/changed.pcap"
for c in aes128-gcm aes256-gcm chacha20-poly1305; do
	one "1 to 2, $c" 1 "$v2" -p 444 --cipher "$c" "$ip4_b"
done
one "1 to 2, IPv6" 1 "$v2" -p 444 "$ip6_b"
echo 2 > /proc/sys/net/quic/retry
one "1 to 2, Retry" 1 "$v2" -p 444 "$ip4_b"
echo 1 > /proc/sys/net/quic/retry
capture_end "$work/changed.pcap"
check_eq "five have" "5 5" "$(stat_of VersionsChanged client) $(stat_of VersionsChanged server)"

# by headers that anybody can read: version, types of both versions, ports
packets "$work/changed.pcap" -d udp.port==444,quic -Y quic -T fields -e quic.version \
	-e quic.long.packet_type -e quic.long.packet_type_v2 -e udp.srcport -e udp.dstport > "$work/changed"
seen() { lines "$work/changed" "$@" | wc -l; }
check "Initials of version 1" test "$(seen 1 0x00000001 2 0)" -ge 5
check_eq "no Handshake packet of version 1" 0 "$(seen 1 0x00000001 2 2)"
check "Handshake packets of version 2 to the server" test "$(seen 1 0x6b3343cf 3 3 5 444)" -ge 5
check "and from it" test "$(seen 1 0x6b3343cf 3 3 4 444)" -ge 5
check "Initials of version 2 to the server, too" test "$(seen 1 0x6b3343cf 3 1 5 444)" -ge 1

one "2 from the start" 2 "$v2" -p 444 "$ip4_b"
check_eq "which is no change" "5 5" \
	"$(stat_of VersionsChanged client) $(stat_of VersionsChanged server)"
port=443

# --- somebody on the path ---

# forged WHAT CLIENT-VERSION LIST...: the file, through one who forges; its result in
# $work/forged, its status in $status
forged()
{
	local before

	before=$(stat_of VersionNegRecv client)
	rm -f "$work/got/file"
	start_server server 4433 "$helpers/forge" 4433 "$ip4_b" 443 "${@:3}"
	client "$2" -p 4433 "$ip4_b" file > "$work/forged" 2>&1
	status=$?
	check "$1: it was forged" grep -q forged "$work/server.4433"
	began_anew=$(($(stat_of VersionNegRecv client) - before))
	kill "$server_pid"
	wait "$server_pid" 2> /dev/null
}

forged "version 2 to 1" 2 1
check_eq "version 2 to 1: the client began anew" 1 "$began_anew"
check_eq "version 2 to 1: no connection" 3 "$status"
check "version 2 to 1: it says why" grep -q "was not the server's" "$work/forged"
note "$(cat "$work/forged")"
forged "version 1 to 2" 1 6b3343cf 1a2a3a4a
check_eq "version 1 to 2: the client began anew" 1 "$began_anew"
check_eq "version 1 to 2: no connection" 3 "$status"
forged "the client's own among others" 2 1 6b3343cf
check_eq "the client's own among others: ignored" 0 "$began_anew"
check "the client's own among others: the file" cmp "$work/files/file" "$work/got/file"
forged "none of ours" 1 1a2a3a4a 9
check_eq "none of ours: no connection" 3 "$status"
check "none of ours: it says why" grep -qi "speaks none of our QUIC versions" "$work/forged"

check_eq "we could open every packet" "0 0" "$(stat_of DropDecrypt client) $(stat_of DropDecrypt server)"
quic_finish
