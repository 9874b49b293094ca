#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_rebind.sh - paths (RFC 9000 9): a NAT between client and server that gives the
# client other ports, or addresses, in the middle of transfers, and a client that moves
# to other addresses of its own. What arrives is what was sent; the counters say how
# often a path changed and was proved; PATH_CHALLENGE and PATH_RESPONSE are on the wire,
# with other connection IDs on other paths. SELFTEST_BRIEF leaves out the decoder, but for
# flow labels, which are the kernel's, and what is sent by IPv4: IPv6 has that.

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
modprobe -q sch_netem
segmentation_off client
segmentation_off server
for i in 1 2; do
	ip -n server addr add 10.77.0.2$i/24 dev veth
	# never a source by itself
	ip -n server addr add fd77::2$i/64 dev veth nodad preferred_lft 0
	ip -n client addr add 10.77.0.1$i/24 dev veth
	ip -n client addr add fd77::1$i/64 dev veth nodad preferred_lft 0
done
mkdir "$work/got"
head -c 3M /dev/urandom > "$work/file"
start_server server 443 "$tools/quicserve" -q --upload -p 443 -d "$work"

fetch()
{
	rm -f "$work/got/file"
	timeout 200 ip netns exec client "$tools/quicget" -q --server-name server.test \
		-o "$work/got" "$@" file
}

put()
{
	rm -f "$work/got/file"
	timeout 200 ip netns exec client "$tools/quicget" -q --server-name server.test \
		--put "$work/file" "$@" stored && mv "$work/stored" "$work/got/file"
}

# paths NS: how often a path changed, was validated, failed
paths() { echo "$(stat_of PathChanged "$1") $(stat_of PathValidated "$1") $(stat_of PathFailed "$1")"; }

# behind_nat HOW WHAT HOST EVERY [ADDRESS]...: comes through a NAT that forgets
behind_nat()
{
	local how=$1 what=$2 host=$3 c0 v0 f0 c v f

	read -r c0 v0 f0 <<< "$(paths server)"
	ip netns exec server "$helpers/nat" 4433 "$host" 443 "${@:4}" > "$work/nat" 2>&1 &
	nat=$!
	wait_for 10 port_in_use server 4433
	check "$what: a transfer" "$how" -p 4433 "$host"
	check "$what: is intact" cmp "$work/file" "$work/got/file"
	kill "$nat"
	wait "$nat" 2> /dev/null
	read -r c v f <<< "$(paths server)"
	note "$what: $(grep -c mapped "$work/nat") new mappings, the server changed its path $((c - c0)) times, validated $((v - v0)), gave up $((f - f0))"
	check "$what: the NAT forgot" grep -q mapped "$work/nat"
	check "$what: the server followed" test $((c - c0)) -ge "$(($(grep -c mapped "$work/nat") / 2))" \
		-a $((c - c0)) -ge 1
	check "$what: and validated where" test $((v - v0)) -ge 1
}

netem client veth rate 20mbit limit 10000 delay 5ms
netem server veth rate 20mbit limit 10000 delay 5ms
before=$(quic_objects)

nat_on_the_wire()
{
	capture "$work/nat.pcap"
	behind_nat put "another port, upload" "$ip4_b" 400
	capture_end "$work/nat.pcap"
	look_paths=1 look "another port" "$work/nat.pcap" "$work/file"
	check "PATH_CHALLENGE is on the wire" has_frame 26
	check "PATH_RESPONSE is" has_frame 27
	check "RETIRE_CONNECTION_ID is" has_frame 25
	behind_nat put "another address, upload" "$ip4_b" 400 10.77.0.21 10.77.0.22
}
[ -n "${SELFTEST_BRIEF:-}" ] || nat_on_the_wire
behind_nat fetch "another port, download" "$ip4_b" 60
behind_nat fetch "another address, download" "$ip4_b" 60 10.77.0.21 10.77.0.22
behind_nat put "IPv6" "$ip6_b" 400 fd77::21 fd77::22
check "the client drops what comes from elsewhere" test "$(stat_of DropAddress client)" -ge 10
check_eq "the client's paths have not changed" "0 0 0" "$(paths client)"

# --- a client that moves ---

# moves HOW WHAT HOST "ADDRESS PORT..." N: N addresses; a few messages between two
moves()
{
	local how=$1 what=$2 c0 s0 c s

	read -r c0 _ <<< "$(paths client)"
	read -r s0 _ <<< "$(paths server)"
	export QUIC_MOVE_TO=$4 QUIC_MOVE_EVERY=8
	check "$what: a transfer" with_moves "$how" "$3"
	unset QUIC_MOVE_TO
	check "$what: is intact" cmp "$work/file" "$work/got/file"
	note "$what: $(tr '\n' ';' < "$work/moves")"
	check_eq "$what: it may" "$5" "$(grep -c '^asked: 0$' "$work/moves")"
	check_eq "$what: its socket is there" "$5" "$(grep -c '^moved to' "$work/moves")"
	read -r c _ <<< "$(paths client)"
	read -r s _ <<< "$(paths server)"
	check_eq "$what: it changed its path" "$5" $((c - c0))
	check "$what: the server followed" test $((s - s0)) -ge "$5"
}
with_moves() { LD_PRELOAD=$move "$@" 2> "$work/moves"; }

# cids PCAP ADDRESS...: connection IDs of short headers from each address
cids()
{
	packets "$1" -Y 'quic.short' -T fields -e ip.src -e quic.dcid | sort -u |
		awk '{ n[$2]++ } END { for (c in n) if (n[c] > 1) print c }'
}

moves_on_the_wire()
{
	capture "$work/move.pcap"
	moves fetch "a client that moves" "$ip4_b" "10.77.0.11 5011 10.77.0.12 5012" 2
	capture_end "$work/move.pcap"
	look_paths=1 look "a client that moves" "$work/move.pcap" "$work/file"
	check "PATH_CHALLENGE is on the wire" has_frame 26
	check "PATH_RESPONSE is" has_frame 27
	packets "$work/move.pcap" -Y quic -T fields -e ip.src | sort | uniq -c > "$work/sources"
	note "datagrams: $(tr -s ' \n' ' ' < "$work/sources")"
	check "most datagrams of the client come from its new addresses" awk '
		$2 ~ /^10\.77\.0\.1[12]$/ { n += $1 } $2 == "10.77.0.1" { o += $1 }
		END { exit !(n > o) }' "$work/sources"
	check_eq "no connection ID is used from two addresses" "" "$(cids "$work/move.pcap")"
}
if [ -n "${SELFTEST_BRIEF:-}" ]; then
	moves fetch "a client that moves" "$ip4_b" "10.77.0.11 5011 10.77.0.12 5012" 2
else
	moves_on_the_wire
	moves put "one that sends" "$ip4_b" "10.77.0.11 5013" 1
fi
capture "$work/labels.pcap"
moves put "IPv6" "$ip6_b" "fd77::11 5014" 1
capture_end "$work/labels.pcap"
# RFC 9000 9.7: what leaves on a path has one flow label, and no other path has it
packets "$work/labels.pcap" -Y 'quic && ipv6' -T fields -e ipv6.src -e ipv6.dst -e ipv6.flow |
	sort | uniq -c > "$work/labels"
note "labels: $(tr -s ' \t\n' ' ' < "$work/labels")"
check_eq "IPv6: two paths, two ways: a flow label for each" "4 4" \
	"$(wc -l < "$work/labels") $(awk '{ print $4 }' "$work/labels" | sort -u | wc -l)"

for ns in client server; do
	in_ns $ns tc qdisc replace dev veth root netem rate 20mbit limit 10000 delay 5ms loss 2%
done
moves fetch "with losses" "$ip4_b" "10.77.0.12 5015" 1
check_eq "an address that is not here" 1 "$(QUIC_MOVE_TO="10.77.0.99 5016" with_moves fetch "$ip4_b";
	grep -c '^asked: 99$' "$work/moves")"
check "the transfer goes on" cmp "$work/file" "$work/got/file"

check "no object more than before" wait_for 40 same_objects "$before" ||
	note "$(diff <(echo "$before") <(quic_objects))"
check_eq "we could open every packet" "0 0" "$(stat_of DropDecrypt client) $(stat_of DropDecrypt server)"
kill "$server_pid"
wait "$server_pid" 2> /dev/null
quic_finish
