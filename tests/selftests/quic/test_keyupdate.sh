#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_keyupdate.sh - key updates (RFC 9001 6) by both ends during transfers: what
# arrives is what was sent, somebody else's decoder sees the key phase turn and, with
# quicd's key log, opens every packet of every phase; with each cipher, by IPv4 and
# IPv6, and on a link that loses and reorders. Keys that have sealed as much as they may
# are updated though nobody asks, and too many forged packets end a connection (debugfs,
# limits.c). SELFTEST_BRIEF leaves the decoder out,
# and so does a debug kernel, on which the packets of two phases come in turns: our
# ends wait for the keys of some, a decoder takes them in their order or not at all.

# shellcheck disable=SC2016  # awk
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

rekey=$helpers/rekey_preload.so
[ -e "$rekey" ] || die "no $rekey: make -C tests/selftests"

quic_begin
start_quicd
setup_veth client server
modprobe -q sch_netem
segmentation_off client
segmentation_off server
mkdir "$work/got"
head -c 2M /dev/urandom > "$work/file"

start_server server 443 env LD_PRELOAD="$rekey" "$tools/quicserve" -q --upload -p 443 -d "$work"
fetch()
{
	rm -f "$work/got/file"
	timeout 200 ip netns exec client env LD_PRELOAD="$rekey" "$tools/quicget" -q \
		--server-name server.test -o "$work/got" "$@" file
}

# put ARGUMENT...: the same the other way round
put()
{
	rm -f "$work/got/file"
	timeout 200 ip netns exec client env LD_PRELOAD="$rekey" "$tools/quicget" -q \
		--server-name server.test --put "$work/file" "$@" stored &&
		mv "$work/stored" "$work/got/file"
}

counters() { echo "$(stat_of KeyUpdatesLocal "$1") $(stat_of KeyUpdatesPeer "$1")"; }

# transfer HOW WHAT ARGUMENT...: comes, is the same, and both ends updated keys
transfer()
{
	local how=$1 c0 s0 c s

	shift
	read -r c0 _ <<< "$(counters client)"
	read -r s0 _ <<< "$(counters server)"
	check "$1: a transfer" "$how" "${@:2}"
	check "$1: is intact" cmp "$work/file" "$work/got/file"
	read -r c _ <<< "$(counters client)"
	read -r s _ <<< "$(counters server)"
	note "$1: the client updated $((c - c0)) times, the server $((s - s0))"
	# three PTOs lie between two of them, and how long these are is the machine's affair
	check "$1: keys were updated" test $((c - c0 + s - s0)) -ge 1
}

# phases PCAP PORT: how often the key phase turns in packets from and to it
phases()
{
	packets "$1" -Y quic.short \
		-T fields -e udp.srcport -e quic.key_phase |
		awk -v port="$2" '{ d = $1 == port; split($2, p, ","); v = p[1] "";
			if (d in last && last[d] != v) n[d]++; last[d] = v }
			END { print n[0] + 0, n[1] + 0 }'
}

# decoders know keys in their order only
on_the_wire()
{
	local to from

	capture "$work/quic.pcap"
	transfer fetch "IPv4" "$ip4_b"
	capture_end "$work/quic.pcap"
	look "IPv4" "$work/quic.pcap" "$work/file"
	read -r to from <<< "$(phases "$work/quic.pcap" 443)"
	note "the key phase turned $to times to the server, $from from it"
	check "the key phase turns on the wire and back, to the server" test "$to" -ge 2
	check "and from it" test "$from" -ge 2
}

# slow enough for many times three PTOs, in order
netem client veth rate 10mbit limit 10000 delay 2ms
netem server veth rate 10mbit limit 10000 delay 2ms
if [ -n "${SELFTEST_BRIEF:-}${SELFTEST_SLOW:-}" ]; then
	transfer fetch "IPv4" "$ip4_b"
else
	on_the_wire
fi
check_eq "every packet that came opened" "0 0" "$(stat_of DropDecrypt client) $(stat_of DropDecrypt server)"
note "packets that could not wait for their keys: $(stat_of DropNoKeys client) $(stat_of DropNoKeys server)"
check_eq "no key could not be made" "0 0" "$(stat_of KeyUpdateFails client) $(stat_of KeyUpdateFails server)"
note "packets that waited for their keys: $(stat_of EarlyPhaseParked client) $(stat_of EarlyPhaseParked server)"

transfer put "IPv6, AES-256" --cipher aes256-gcm "$ip6_b"
transfer put "ChaCha20" --cipher chacha20-poly1305 "$ip4_b"

for ns in client server; do
	in_ns $ns tc qdisc replace dev veth root netem rate 10mbit limit 10000 delay 5ms 4ms \
		loss 2% reorder 20%
done
transfer fetch "loss and reordering" "$ip4_b"
in_ns client tc qdisc del dev veth root
in_ns server tc qdisc del dev veth root

for ns in client server; do
	read -r ours theirs <<< "$(counters $ns)"
	# who sends measures the path and may update first
	check "the $ns initiated updates, and followed the peer's" test "$ours" -ge 2 -a "$theirs" -ge 2
	note "$ns: $ours of its own, $theirs of the peer's"
done

kill "$server_pid"
wait "$server_pid" 2> /dev/null

# --- limits of use (RFC 9001 6.6), small ones: nobody asks for updates ---

limits=/sys/kernel/debug/quicsock
check_eq "no limit but the cipher's at first" "0 0" \
	"$(cat $limits/seal_limit $limits/forged_limit | tr '\n' ' ' | sed 's/ $//')"
head -c 4M /dev/urandom > "$work/file"
start_server server 443 "$tools/quicserve" -q -p 443 -d "$work"
netem client veth rate 10mbit limit 10000 delay 2ms
netem server veth rate 10mbit limit 10000 delay 2ms
# 128 of them are kept back
echo 1000 > $limits/seal_limit
read -r before _ <<< "$(counters server)"
file_comes "a key that may seal 1000 packets" "$ip4_b"
read -r after _ <<< "$(counters server)"
note "the server updated $((after - before)) times by itself"
check "a key that may seal 1000 packets: is updated" test $((after - before)) -ge 3
echo 0 > $limits/seal_limit
read -r before _ <<< "$(counters server)"
file_comes "a key without a limit" "$ip4_b"
read -r after _ <<< "$(counters server)"
check_eq "a key without a limit: stays" "$before" "$after"

echo 200 > $limits/forged_limit
netem server veth rate 2mbit limit 10000 delay 2ms
timeout 200 ip netns exec client "$tools/quicget" -q --discard --server-name server.test \
	"$ip4_b" file > "$work/forged" 2>&1 &
fetching=$!
check "forged packets, with the ID of a connection" \
	ip netns exec client "$helpers/junk" -l "$ip4_b" 443 3000 21
wait "$fetching"
check "end it" test $? -ne 0
check "the peer hears why" grep -q 'AEAD limit reached (0xf)' "$work/forged" ||
	note "$(cat "$work/forged")"
echo 0 > $limits/forged_limit
netem server veth rate 10mbit limit 10000 delay 2ms
file_comes "afterwards" "$ip4_b"

kill "$server_pid"
wait "$server_pid" 2> /dev/null
quic_finish
