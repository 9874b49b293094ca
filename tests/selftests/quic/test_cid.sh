#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_cid.sh - connection IDs of other lengths than 8 bytes (RFC 9000 5.1): in either
# end and in both, on the wire, also those that come later; of two connections on one
# port; the end of each ID; and stateless resets (10.3) of any length and form.

# shellcheck disable=SC2016  # awk
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

move=$helpers/migrate_preload.so
[ -e "$move" ] || die "no $move: make -C tests/selftests"

quic_begin
start_quicd
setup_veth client server
segmentation_off client
segmentation_off server
ip -n client addr add 10.77.0.11/24 dev veth
ip -n client addr add 10.77.0.3/24 dev veth
mkdir "$work/got"
head -c 400K /dev/urandom > "$work/file"
echo short > "$work/short"

cid_len() { in_ns "$1" "$BASH" -c "echo ${2:-} > /proc/sys/net/quic/cid_len" 2> /dev/null; }
cid_len_of() { in_ns "$1" cat /proc/sys/net/quic/cid_len; }
refused() { ! "$@"; }
calm() { no_conns server; }
serve()
{
	start_server server 443 "$tools/quicserve" -q -p 443 -d "$work"
}
no_server()
{
	kill -TERM "$server_pid"
	wait "$server_pid" 2> /dev/null
	wait_for 20 port_is_free
}
port_is_free() { ! port_in_use server 443; }

# of COUNTER NS: what it rose by since mark
declare -A marks
mark() { local c; for c; do marks[$c]=$(stat_of "${c%.*}" "${c#*.}"); done; }
rose() { echo $(($(stat_of "${1%.*}" "${1#*.}") - marks[$1])); }
rose_to() { [ "$(rose "$1")" = "$2" ]; }

# --- the sysctl: each namespace has its own ---
check_eq "8 bytes at first" "8 8 8" \
	"$(cat /proc/sys/net/quic/cid_len) $(cid_len_of client) $(cid_len_of server)"
check "7 are too few" refused cid_len client 7
check "21 too many" refused cid_len client 21
check "13 are not" cid_len client 13
check_eq "of this namespace" "8 13 8" \
	"$(cat /proc/sys/net/quic/cid_len) $(cid_len_of client) $(cid_len_of server)"

# --- lengths on the wire ---

# lengths FILE ADDRESS: of the IDs in its second column, which came from there
lengths() { awk -F '\t' -v ip="$2" '$1 == ip && $2 != "" { n[length($2) / 2]++ }
	END { for (l in n) printf "%d ", l }' "$1"; }

# different FILE ADDRESS: IDs there
different() { awk -F '\t' -v ip="$2" '$1 == ip && !seen[$2]++ { n++ } END { print n + 0 }' "$1"; }

moving_fetch()
{
	QUIC_MOVE_TO=$1 QUIC_MOVE_EVERY=2 LD_PRELOAD=$move timeout 200 ip netns exec client \
		"$tools/quicget" -q --server-name server.test -o "$work/got" "$ip4_b" file 2> "$work/moves"
}

# with CLIENT SERVER: IDs of so many bytes; the client moves in mid-transfer
with()
{
	local what="$1 and $2 bytes"

	cid_len client "$1"
	cid_len server "$2"
	serve
	capture "$work/cid.pcap"
	rm -f "$work/got/file"
	check "$what: a transfer" moving_fetch "10.77.0.11 50$1"
	check "$what: is intact" cmp "$work/file" "$work/got/file"
	capture_end "$work/cid.pcap"
	check "$what: the client has moved" grep -q '^moved to' "$work/moves" || note "$(cat "$work/moves")"
	# once for all: source, first of the IDs there, last of those that are new
	packets "$work/cid.pcap" -Y quic -T fields -e ip.src -e ip.dst -e quic.header_form -e quic.scid \
		-e quic.dcid -e quic.nci.connection_id > "$work/ids"
	awk -F '\t' '$4 != "" { sub(/,.*/, "", $4); print $1 "\t" $4 }' "$work/ids" > "$work/scids"
	awk -F '\t' '$3 ~ /0/ { sub(/,.*/, "", $5); print $2 "\t" $5 }' "$work/ids" > "$work/dcids"
	awk -F '\t' '$6 != "" { sub(/.*,/, "", $6); print $1 "\t" $6 }' "$work/ids" > "$work/ncids"
	check_eq "$what: in long headers" "$1 $2" \
		"$(lengths "$work/scids" "$ip4_a")$(lengths "$work/scids" "$ip4_b" | sed 's/ $//')"
	check_eq "$what: in NEW_CONNECTION_ID" "$1 $2" \
		"$(lengths "$work/ncids" "$ip4_a")$(lengths "$work/ncids" "$ip4_b" | sed 's/ $//')"
	check_eq "$what: in short headers" "$2 $1 $1" \
		"$(lengths "$work/dcids" "$ip4_b")$(lengths "$work/dcids" "$ip4_a")$(lengths "$work/dcids" 10.77.0.11 | sed 's/ $//')"
	check "$what: a later one to the server" test "$(different "$work/dcids" "$ip4_b")" -ge 2
	check_eq "$what: none of the client's at two addresses" "" \
		"$(sort -u "$work/dcids" | awk -F '\t' -v s="$ip4_b" '$1 != s && n[$2]++ { print $2 }')"
	no_server
}

mark DropDecrypt.client DropDecrypt.server
# slow enough for a move in the middle
netem_trains server veth rate 20mbit
with 8 13
with 20 8
with 13 20
echo 2 > /proc/sys/net/quic/retry
mark RetrySent.server
with 20 20
check_eq "with a Retry, whose ID is as long" 1 "$(rose RetrySent.server)"
echo 1 > /proc/sys/net/quic/retry
plain_link server
check_eq "all packets opened" "0 0" "$(rose DropDecrypt.client) $(rose DropDecrypt.server)"

# --- connections that are held ---
declare -A ins
# hold NAME ARGUMENT...
hold()
{
	local fd

	mkfifo "$work/in.$1"
	ip netns exec client "$helpers/dial" -H "${@:2}" "$ip4_b" 443 < "$work/in.$1" > "$work/held.$1" 2>&1 &
	exec {fd}> "$work/in.$1"
	ins[$1]=$fd
	check "$1: a connection" wait_for 20 has_line '^OK' "$work/held.$1" || note "$(cat "$work/held.$1")"
}
# ask NAME N: the Nth question
ask()
{
	echo "GET /short" >&"${ins[$1]}"
	check "$1: answer $2" wait_for 20 answers "$1" "$2" || note "$(cat "$work/held.$1")"
}
answers() { [ "$(grep -c '^6 bytes' "$work/held.$1")" = "$2" ]; }
hang_up() { local fd=${ins[$1]}; exec {fd}>&-; }

# --- several lengths at once on one port ---
cid_len client 8
cid_len server 20
serve
capture "$work/port.pcap"
for l in 8 13 20; do
	hold "port.$l" -s "$ip4_a" -o 5555 -c $l
done
for n in 1 2; do
	for l in 20 8 13; do
		ask "port.$l" $n
	done
done
capture_end "$work/port.pcap"
packets "$work/port.pcap" -Y quic.short -E occurrence=f -T fields -e ip.dst -e quic.dcid -e udp.dstport \
	> "$work/dcids"
check_eq "one port: three lengths" "8 13 20 " "$(lengths "$work/dcids" "$ip4_a" | tr ' ' '\n' | sort -n | grep . | tr '\n' ' ')"
check_eq "one port" 5555 "$(awk -F '\t' -v ip="$ip4_a" '$1 == ip { print $3 }' "$work/dcids" | sort -u)"
# a stranger's first ID may begin as one of theirs: it gets no packet of theirs
begin=$(awk -F '\t' -v ip="$ip4_b" '$1 == ip && length($2) == 40 { print substr($2, 1, 16); exit }' "$work/dcids")
conns() { conns_in server; }
four() { [ "$(conns)" = 4 ]; }
check "a stranger" in_ns client "$helpers/flood" -b 1 -n 1 -c 1 -d "$begin" 10.77.0.4 "$ip4_b" 443 ||
	note "ID $begin"
check "with such an ID: begins a connection of its own" wait_for 10 four || note "$(conns) connections"
mark DropDecrypt.server DropNoKeys.server
for l in 20 8 13; do
	ask "port.$l" 3
done
check_eq "and gets nothing" "0 0 4" "$(rose DropDecrypt.server) $(rose DropNoKeys.server) $(conns)"
# nor may it hear their reset token, which is made of the first 8 bytes
mark DropUnknownCid.server ResetSent.server
echo "40${begin}*100" | in_ns client "$helpers/resend" 10.77.0.3 0 "$ip4_b" 443
check "a short header with such an ID" wait_for 10 rose_to DropUnknownCid.server 1
check_eq "gets no reset" 0 "$(rose ResetSent.server)"
for l in 8 13 20; do
	hang_up "port.$l"
done

# --- an ID is good until it is retired (RFC 9000 5.1.1) ---
capture "$work/moved.pcap"
export QUIC_MOVE_TO="10.77.0.11 5056" QUIC_MOVE_EVERY=20 LD_PRELOAD=$move
hold moved -s "$ip4_a" -o 5055
unset LD_PRELOAD QUIC_MOVE_TO
# half of its packets have no QUIC bit, and are no use below
for n in $(seq 20); do
	ask moved "$n"
done
check "it has moved" grep -q '^moved to' "$work/held.moved" || note "$(cat "$work/held.moved")"
capture_end "$work/moved.pcap"
packets "$work/moved.pcap" -Y "quic.short && ip.dst == $ip4_b" -E occurrence=f -T fields -e udp.srcport \
	-e quic.dcid -e udp.payload > "$work/sent"
first() { awk -F '\t' -v p="$1" '$1 == p && length($3) > 100 { print $3; exit }' "$work/sent"; }
# of the datagrams that begin with a short header
sed -i -n '/\t4[0-9a-f]*$/p; /\t[567][0-9a-f]*$/p' "$work/sent"
check "from both ports" test -n "$(first 5055)" -a -n "$(first 5056)"
check_eq "with two IDs" 2 "$(cut -f 2 "$work/sent" | sort -u | wc -l)"
again() { first "$1" | in_ns client "$helpers/resend" "${@:2}" 10.77.0.3 0 "$ip4_b" 443; }
opened() { [ "$(rose InPackets.server)" -ge 1 ]; }
mark DropUnknownCid.server DropDecrypt.server InPackets.server ResetSent.server
check "the one in use: sent again, from elsewhere" again 5056
check "is a packet of the connection" wait_for 10 opened
check_eq "and known" "0 0" "$(rose DropUnknownCid.server) $(rose DropDecrypt.server)"
check "the retired one: sent again" again 5055
check "is nobody's" wait_for 10 rose_to DropUnknownCid.server 1
check_eq "and gets no reset (RFC 9000 11)" 0 "$(rose ResetSent.server)"
ask moved 21
hang_up moved
# the stranger's, which waits longest, began before this
check "all of them are over" wait_for 40 calm

# --- stateless resets, as they may come ---
capture "$work/reset.pcap"
n=0
for form in unknown21 unknown28 known25 known37 long; do
	n=$((n + 1))
	case $form in
	known37) hold $form -s "$ip4_a" -o 600$n -c 20 ;;
	*) hold $form -s "$ip4_a" -o 600$n -c 8 ;;
	esac
	ask $form 1
done
capture_end "$work/reset.pcap"
packets "$work/reset.pcap" -Y tls.quic.parameter.stateless_reset_token -E occurrence=l -T fields \
	-e udp.dstport -e tls.quic.parameter.stateless_reset_token -e quic.dcid > "$work/tokens"
# token PORT, id PORT: of the server; of the client at that port
token() { awk -F '\t' -v p="$1" '$1 == p { print $2; exit }' "$work/tokens"; }
id() { awk -F '\t' -v p="$1" '$1 == p { print $3; exit }' "$work/tokens" | cut -d , -f 1; }
check_eq "tokens of five connections" 5 "$(cut -f 1,2 "$work/tokens" | sort -u | wc -l)"
check_eq "an ID of 20 bytes among them" 40 "$(id 6004 | tr -d '\n' | wc -c)"
# less than an idle time-out may pass from here on
for form in unknown21 unknown28 known25 known37 long; do
	ask $form 2
done
# the server dies unheard: its port is free for others
netem server veth loss 100%
kill -KILL "$server_pid"
check "the server's end is gone" wait_for 60 calm
wait "$server_pid" 2> /dev/null
check "and its port free" wait_for 20 port_is_free
in_ns server tc qdisc del dev veth root
mark ResetRecv.client InDatagrams.client
reset() { echo "$2" | in_ns server "$helpers/resend" "$ip4_b" 443 "$ip4_a" "$1"; }
x=a1b2c3d4e5f60718293a4b
check "20 bytes" reset 6001 "40${x:0:6}$(token 6001)"
check "come" wait_for 10 rose_to InDatagrams.client 1
check "another's token" reset 6001 "40${x:0:8}$(token 6002)"
check "comes" wait_for 10 rose_to InDatagrams.client 2
check_eq "neither is a reset" 0 "$(rose ResetRecv.client)"
check "21 bytes" reset 6001 "40${x:0:8}$(token 6001)"
check "are one" wait_for 10 rose_to ResetRecv.client 1
check "28 bytes" reset 6002 "7f${x:0:22}$(token 6002)"
check "are" wait_for 10 rose_to ResetRecv.client 2
check "25 bytes, with an ID of ours" reset 6003 "40$(id 6003)$(token 6003)"
check "are" wait_for 10 rose_to ResetRecv.client 3
check "37 bytes, with one of 20" reset 6004 "40$(id 6004)$(token 6004)"
check "are" wait_for 10 rose_to ResetRecv.client 4
check "a long header of another version" reset 6005 "c01a2a3a4a08${x:0:16}00$(token 6005)"
check "is, too" wait_for 10 rose_to ResetRecv.client 5 ||
	note "$(in_ns client grep -v ' 0$' /proc/net/quic/stat | tr '\n' ' ')"
for form in "${!ins[@]}"; do
	case $form in unknown* | known* | long) ;; *) continue ;; esac
	echo "GET /short" >&"${ins[$form]}"
	check "$form: the program hears of it" wait_for 20 has_line '^ECONNRESET' "$work/held.$form" ||
		note "$(cat "$work/held.$form")"
	hang_up "$form"
done

quic_finish
