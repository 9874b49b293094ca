#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_address.sh - answers without a connection, on the wire and by counters: Retry,
# forced, also on a link that loses; NEW_TOKEN, and tokens that are refused because
# they were used, moved or made up; an address that is silent gets three times what came
# from it; Version Negotiation; a server that lost its state resets a living client.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

sysctls=/proc/sys/net/quic

quic_begin
start_quicd
setup_veth client server
segmentation_off client
segmentation_off server
ip4_c=10.77.0.3
ip -n client addr add "$ip4_c/24" dev veth
head -c 200K /dev/urandom > "$work/file"

serve() { start_server server 443 "$tools/quicserve" -q -p 443 -d "$work"; }
fetch() { timeout 100 ip netns exec client "$tools/quicget" -q --discard --server-name server.test "$ip4_b" "$@"; }
calm() { no_conns server; }

# of COUNTER NS: what it rose by since mark
declare -A marks
mark() { local c; for c; do marks[$c]=$(stat_of "${c%.*}" "${c#*.}"); done; }
rose() { echo $(($(stat_of "${1%.*}" "${1#*.}") - marks[$1])); }
rose_above() { [ "$(rose "$1")" -gt "$2" ]; }
rose_to() { [ "$(rose "$1")" = "$2" ]; }

serve

# --- off, and on by itself where nothing presses: no Retry ---
check_eq "automatic at first" 1 "$(< $sysctls/retry)"
mark RetrySent.server NewTokensSent.server
check "a transfer in peace" fetch file
check_eq "without Retry" 0 "$(rose RetrySent.server)"
check_eq "the client is given a token" 1 "$(rose NewTokensSent.server)"

# --- Retry, forced ---
echo 2 > $sysctls/retry
refused() { ! echo "$2" > "$sysctls/$1"; }
check "3 is no mode" refused retry 3
mark RetrySent.server RetryRecv.client TokensAccepted.server TokensRefused.server
capture "$work/retry.pcap"
check "Retry: a transfer" fetch file
capture_end "$work/retry.pcap"
check_eq "Retry: sent once" 1 "$(rose RetrySent.server)"
check_eq "Retry: taken" 1 "$(rose RetryRecv.client)"
check_eq "Retry: its token is good" 1 "$(rose TokensAccepted.server)"
check_eq "Retry: no token is refused" 0 "$(rose TokensRefused.server)"

# a line for each datagram: source, types of its packets, tokens, frames
packets "$work/retry.pcap" -T fields -e ip.src -e quic.long.packet_type -e quic.token -e quic.retry_token \
	-e quic.frame_type -e _ws.malformed > "$work/seen"
note "$(head -n 4 "$work/seen" | cut -c -200)"
types() { awk -F '\t' -v ip="$1" '$1 == ip { print $2 }' "$work/seen" | head -n "$2" | tr '\n' ' '; }
check_eq "tshark: Initial, and Initial again" "0 0 " "$(types "$ip4_a" 2 | sed 's/,[0-9,]*//g')"
check_eq "tshark: the server's first is a Retry" "3 " "$(types "$ip4_b" 1)"
token=$(awk -F '\t' -v ip="$ip4_b" '$1 == ip { print $4; exit }' "$work/seen")
check "tshark: it has a token" test -n "$token"
check_eq "tshark: the client's second Initial has it" "$token" \
	"$(awk -F '\t' -v ip="$ip4_a" '$1 == ip && ++n == 2 { print $3 }' "$work/seen" | cut -d , -f 1)"
check "tshark: NEW_TOKEN" test "$(cut -f 5 "$work/seen" | tr ',' '\n' | grep -c '^7$')" -gt 0
check_eq "tshark: nothing is malformed" "" "$(cut -f 6 "$work/seen" | grep .)"

# --- the same datagram again, when its connection is gone: used, or too old by then ---
check "Retry: over" wait_for 40 calm
packets "$work/retry.pcap" -Y "ip.src == $ip4_a" -T fields -e udp.srcport -e udp.payload \
	> "$work/sent"
port=$(sed -n '2s/\t.*//p' "$work/sent")
mark TokensRefused.server HandshakeFails.server PassiveOpens.server
again() { sed -n '2s/.*\t//p' "$work/sent" | in_ns client "$helpers/resend" -r 1 "$1" "$port" "$ip4_b" 443; }
check "replayed: the server answers" again "$ip4_a"
check_eq "replayed: the token is refused" 1 "$(rose TokensRefused.server)"
check "moved: the server answers" again "$ip4_c"
check_eq "moved: the token is refused" 2 "$(rose TokensRefused.server)"
check_eq "neither becomes a connection" 0 "$(rose PassiveOpens.server)"
check "nothing of them stays" wait_for 20 calm

# --- a token for next time: once, from where it was given ---
dial client -s "$ip4_a" -K "$ip4_b" 443 > "$work/dial"
token=$(sed -n 's/^TOKEN //p' "$work/dial")
check "NEW_TOKEN: a program reads it" test "${#token}" -gt 60
mark RetrySent.server TokensAccepted.server TokensReplayed.server
check "NEW_TOKEN: the next connection" dial client -s "$ip4_a" -k "$token" "$ip4_b" 443
check_eq "NEW_TOKEN: needs no Retry" "0 1" "$(rose RetrySent.server) $(rose TokensAccepted.server)"
check "NEW_TOKEN: used again" dial client -s "$ip4_a" -k "$token" "$ip4_b" 443
check_eq "NEW_TOKEN: gets a Retry" "1 1" "$(rose RetrySent.server) $(rose TokensReplayed.server)"
dial client -s "$ip4_a" -K "$ip4_b" 443 > "$work/dial"
token=$(sed -n 's/^TOKEN //p' "$work/dial")
mark RetrySent.server TokensReplayed.server
check "NEW_TOKEN: from another address" dial client -s "$ip4_c" -k "$token" "$ip4_b" 443
check_eq "NEW_TOKEN: gets a Retry" "1 0" "$(rose RetrySent.server) $(rose TokensReplayed.server)"
# the form of a Retry's, with nothing behind it: INVALID_TOKEN
mark TokensRefused.server
dial client -k "a0$(printf '%0122d' 0)" "$ip4_b" 443 > "$work/dial"
check "a made up Retry token: refused at once" grep -q '^EPROTO .*invalid token' "$work/dial" ||
	note "$(cat "$work/dial")"
check_eq "it is counted" 1 "$(rose TokensRefused.server)"

# --- a link that loses: each connection comes up ---
netem client veth delay 2ms loss 5%
netem server veth delay 2ms loss 5%
mark RetrySent.server
up=0
for _ in {1..12}; do
	if dial client -t 60000 "$ip4_b" 443 > "$work/dial"; then
		up=$((up + 1))
	else
		note "$(cat "$work/dial")"
	fi
done
check_eq "Retry, 5 % lost: 12 of 12 connections" 12 "$up"
check "Retry, 5 % lost: each had one" test "$(rose RetrySent.server)" -ge 12
in_ns client tc qdisc del dev veth root
in_ns server tc qdisc del dev veth root
echo 0 > $sysctls/retry
mark RetrySent.server
check "off: a connection" dial client "$ip4_b" 443
check_eq "off: without Retry" 0 "$(rose RetrySent.server)"
server_443=$server_pid
start_server server 4433 "$tools/quicserve" -q --retry -p 4433 -d "$work"
check "off, but a listener asks for it: a connection" dial client "$ip4_b" 4433
check_eq "off, but a listener asks for it: Retry" 1 "$(rose RetrySent.server)"
kill -TERM "$server_pid"
wait "$server_pid"

# --- three times what came (RFC 9000 8.1): an address from where nothing more comes ---
start_server server 4433 "$tools/quicserve" -q --profile long -p 4433 -d "$work"
check "amplification: nothing stays of before" wait_for 40 calm
mark OutDatagrams.server
capture "$work/silent.pcap"
# it listens, so that no ICMP message comes either
sed -n '1s/.*\t//p' "$work/sent" |
	in_ns client "$helpers/resend" -r 1000 "$ip4_c" 7777 "$ip4_b" 4433 > "$work/answers" &
resending=$!
check "amplification: the server answers" wait_for 20 rose_above OutDatagrams.server 2
check "amplification: and gives up" wait_for 60 calm
capture_end "$work/silent.pcap"
kill "$resending"
wait "$resending" 2> /dev/null
packets "$work/silent.pcap" -Y udp -T fields -e ip.src -e ip.dst -e udp.length > "$work/lengths"
read -r came left < <(awk -v ip="$ip4_c" '$1 == ip { came += $3 - 8 } $2 == ip { left += $3 - 8 }
	END { print came + 0, left + 0 }' "$work/lengths")
note "amplification: $came bytes came, $left left"
check_eq "amplification: one full datagram came" 1200 "$came"
check "amplification: three times that at most" test "$left" -le $((3 * came))
check "amplification: but more than two" test "$left" -gt $((2 * came))
kill -TERM "$server_pid"
wait "$server_pid"
server_pid=$server_443
echo 1 > $sysctls/retry

# --- Version Negotiation: to 1200 bytes, not to less, not to itself ---
mark VersionNegSent.server InDatagrams.server
vn_cids=08010203040506070808a1a2a3a4a5a6a7a8
{
	echo "c01a2a3a4a$vn_cids*1199"
	echo "c000000000$vn_cids*1208"
	echo "c01a2a3a4a$vn_cids*1200"
} | in_ns client "$helpers/resend" -r 1 "$ip4_a" 0 "$ip4_b" 443 > "$work/answer"
check "Version Negotiation: an answer" test -s "$work/answer"
check "all three came" wait_for 10 rose_to InDatagrams.server 3
check_eq "one of them was answered" 1 "$(rose VersionNegSent.server)"
answer=$(< "$work/answer")
check_eq "it is one, to these connection IDs" "0000000008a1a2a3a4a5a6a7a8080102030405060708" "${answer:2:44}"
check "it lists version 1" grep -q 00000001 <<< "${answer:46}"
check "and one that is reserved" grep -qiE '[0-9a-f]a[0-9a-f]a[0-9a-f]a[0-9a-f]a' <<< "${answer:46}"

# --- a first Initial has a datagram of 1200 bytes (RFC 9000 14.1); Length: to its end ---
mark DropInitialSmall.server InDatagrams.server
{
	echo "c000000001${vn_cids}004495*1199"
	echo "c000000001${vn_cids}004496*1200"
} | in_ns client "$helpers/resend" "$ip4_a" 0 "$ip4_b" 443
check "two Initials came" wait_for 10 rose_to InDatagrams.server 2
check_eq "the one in 1199 bytes is dropped for that" 1 "$(rose DropInitialSmall.server)"
check "nothing of them stays" wait_for 40 calm

# --- a server that has lost its state; until it has, less than an idle time-out may pass ---
server_443=$server_pid
start_server server 4433 "$tools/quicserve" -q -p 4433 -d "$work"
server_4433=$server_pid
server_pid=$server_443
mkfifo "$work/in"
capture "$work/held.pcap"
ip netns exec client "$helpers/dial" -H "$ip4_b" 443 < "$work/in" > "$work/held" 2>&1 &
held=$!
exec 8> "$work/in"
check "reset: a connection" wait_for 20 has_line '^OK' "$work/held"
capture_end "$work/held.pcap"

# --- what a client makes of versions that it does not speak, here or anywhere ---
packets "$work/held.pcap" -Y quic.scid -T fields -e ip.src -e udp.srcport -e quic.scid > "$work/ids"
read -r _ port cid < <(grep -m 1 "^$ip4_a" "$work/ids" | cut -d , -f 1)
read -r _ _ scid < <(grep -m 1 "^$ip4_b" "$work/ids" | cut -d , -f 1)
mark DropVersion.client VersionNegSent.client
to_client() { in_ns server "$helpers/resend" "$ip4_b" 0 "$ip4_a" "$port"; }
echo "c01a2a3a4a$vn_cids*1200" | to_client
check "an unknown version to a client's port" wait_for 10 rose_to DropVersion.client 1
check_eq "a client answers none (RFC 9368 2.1)" 0 "$(rose VersionNegSent.client)"
echo "f06b3343cf08${cid}08a1a2a3a4a5a6a7a84480*1200" | to_client
check "version 2 to a connection of version 1" wait_for 10 rose_to DropVersion.client 2
check "the connection lives" kill -0 "$held"

# --- an Initial for one port with the ID of a connection at another: dropped, once ---
mark DropMemory.server DropUnknownCid.server
echo "c00000000108${scid}08a1a2a3a4a5a6a7a8004495*1200" |
	in_ns client "$helpers/resend" "$ip4_a" 0 "$ip4_b" 4433
dropped() { [ $(($(rose DropMemory.server) + $(rose DropUnknownCid.server))) = 1 ]; }
check "another port's ID: the Initial is dropped" wait_for 10 dropped
mark ResetSent.server ResetRecv.client
# it dies unheard
netem server veth loss 100%
kill -KILL "$server_pid"
check "reset: the server's end is gone" wait_for 60 calm
in_ns server tc qdisc del dev veth root
serve
echo "GET /file" >&8
check "reset: the client hears of it" wait_for 20 has_line '^ECONNRESET' "$work/held" ||
	note "$(cat "$work/held")"
exec 8>&-
wait "$held"
check "another port's ID: both serve on" dial client "$ip4_b" 4433
kill -TERM "$server_4433"
wait "$server_4433"
check "reset: sent" test "$(rose ResetSent.server)" -ge 1
check_eq "reset: taken" 1 "$(rose ResetRecv.client)"
# RFC 9000 10.3.3: shorter than what it answers, which is no packet below 29 bytes
mark ResetSent.server InDatagrams.server
{
	echo "40$vn_cids*28"
	echo "40$vn_cids*29"
	echo "40$vn_cids*100"
} | in_ns client "$helpers/resend" -r 2 "$ip4_a" 0 "$ip4_b" 443 > "$work/answer"
check_eq "reset: 28 bytes get none, 29 get 28, 100 get 42 to 64" 2 "$(wc -l < "$work/answer")"
check "reset: of those lengths" awk 'length == 56 { a = 1 } length >= 84 && length <= 128 { b = 1 } END { exit !(a && b) }' \
	"$work/answer"
check_eq "reset: both with the token of the connection ID" 1 \
	"$(sed 's/.*\(.\{32\}\)$/\1/' "$work/answer" | sort -u | wc -l)"

# --- its key outlives the module ---
reset_of() { echo "40$vn_cids*100" | in_ns client "$helpers/resend" -r 1 "$ip4_a" 0 "$ip4_b" 443 | sed 's/.*\(.\{32\}\)$/\1/'; }
key=$(printf '%064d' 7)
check_eq "no key yet" random "$(< $sysctls/reset_key)"
check "a short one is refused" refused reset_key 1234
by_chance=$(reset_of)
echo "$key" > $sysctls/reset_key
check_eq "a key is set, and not told" set "$(< $sysctls/reset_key)"
chosen=$(reset_of)
check "it makes other tokens" test -n "$chosen" -a "$chosen" != "$by_chance"
stop_children
quicd_pid=
check "the module goes" wait_for 20 rmmod quicsock
load_module quicsock || die "cannot load quicsock.ko again"
echo "$key" > $sysctls/reset_key
start_quicd
serve
check_eq "it comes back, and the tokens are the same" "$chosen" "$(reset_of)"

quic_finish
