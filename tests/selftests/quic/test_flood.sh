#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_flood.sh - Initials from addresses that nobody has, at full speed: most are
# well protected and ask for a handshake. What they make the server hold is bounded,
# who is connected goes on, and afterwards all is as it was.
#
# Figures are said in comments; QUIC_TEST_SCALE (percent) stretches the counts.

# shellcheck disable=SC2016  # awk
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

scale=${QUIC_TEST_SCALE:-100}
count=$((4000 * scale / 100))
size=$((1024 * 1024))

quic_begin
start_quicd
setup_veth client server
# answers to the forged have a way out, and end there
ip -n server route add 198.18.0.0/15 via "$ip4_a"
head -c "$size" /dev/urandom > "$work/file"
start_server server 443 "$tools/quicserve" -q -p 443 -d "$work"

fetch() { timeout 100 ip netns exec client "$tools/quicget" -q --discard --server-name server.test "$ip4_b" "$@"; }
now_ms() { awk '{ print int($1 * 1000) }' /proc/uptime; }
conns() { conns_in server; }

# bytes of our slab objects; of socket buffers; connections; the daemon's memory in KiB;
# all that the machine has left, in KiB
sample()
{
	local slab sock

	slab=$(awk '/^(quic|QUIC)/ { n += $2 * $4 } END { print n + 0 }' /proc/slabinfo)
	sock=$(awk '/^QUIC/ { n += $4 } END { print n * 4096 }' /proc/net/protocols)
	echo "$slab $sock $(conns) $(awk '/^VmRSS/ { print $2 }' "/proc/$quicd_pid/status")" \
		"$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)"
}

# watch: samples until it is killed; not often, the machine has other things to do
watch() { while :; do sample; breath; breath; breath; breath; done; }

# peak COLUMN: the most of a column; least COLUMN
peak() { sort -k "$1,$1n" "$work/samples" | tail -n 1 | cut -d ' ' -f "$1"; }
least() { sort -k "$1,$1n" "$work/samples" | head -n 1 | cut -d ' ' -f "$1"; }

# warm: what is made once is made now
check "a transfer before" fetch file
calm() { [ "$(conns)" = 0 ] && no_conns_held; }
check "it is over" wait_for 30 calm
objects=$(quic_objects)
begin=$(now_ms)
fetch file
quiet_ms=$(($(now_ms) - begin))
# what a handshake takes here, ms: half of it is the server's
handshake_ms=1
for _ in 1 2 3 4; do
	dial client "$ip4_b" 443 > "$work/dial"
	handshake_ms=$((handshake_ms + $(cut -d ' ' -f 2 "$work/dial") / 4))
done
wait_for 30 calm
before=$(sample)

# flood_of NAME ARGUMENT...: a flood, in it a transfer that began before, and two tries
flood_of()
{
	local name=$1 sampler flooder dialled=0 begin ms still
	local peak_slab peak_sock

	: > "$work/samples"
	watch > "$work/samples" &
	sampler=$!
	on_exit "kill $sampler"
	# established before, and busy
	mkfifo "$work/in.$name"
	ip netns exec client "$helpers/dial" -H "$ip4_b" 443 < "$work/in.$name" > "$work/held.$name" 2>&1 &
	held=$!
	exec 8> "$work/in.$name"
	check "$name: a connection before it" wait_for 20 has_line '^OK' "$work/held.$name"
	ip netns exec client "$helpers/flood" "${@:2}" 198.18.0.0 "$ip4_b" 443 > "$work/flood.$name" &
	flooder=$!
	wait_for 30 has_line ready "$work/flood.$name"
	begin=$(now_ms)
	echo "GET /file" >&8
	check "$name: it moves on" wait_for 60 has_line "^$size bytes" "$work/held.$name" ||
		note "$(cat "$work/held.$name")"
	ms=$(($(now_ms) - begin))
	for _ in 1 2; do
		dial client -t "$patience" "$ip4_b" 443 > "$work/dial" && dialled=$((dialled + 1))
		note "$name: a new one: $(cat "$work/dial")"
	done
	# it may have been enough before
	still=
	kill -TERM "$flooder" 2> /dev/null && still=1
	wait "$flooder"
	exec 8>&-
	note "$name: the flood ends after $SECONDS s"
	wait "$held"
	kill "$sampler"
	wait "$sampler" 2> /dev/null
	note "$name: $(tail -n 1 "$work/flood.$name"); transfer of $size bytes: $quiet_ms ms in peace, $ms ms in the flood; $dialled of 2 new connections came up in it"
	note "$name: slab bytes, socket bytes, connections, quicd KiB, free KiB: before $before"
	note "$name: at most $(peak 1) $(peak 2) $(peak 3) $(peak 4), at least free $(least 5)"
	printf '{"test":"flood","kind":"%s","series":"%s","sent":"%s","peace_ms":%d,"flood_ms":%d,"new":%d,"slab_peak":%d,"sock_peak":%d,"conns_peak":%d}\n' \
		"$name" "$(series)" "$(tail -n 1 "$work/flood.$name")" "$quiet_ms" "$ms" "$dialled" \
		"$(peak 1)" "$(peak 2)" "$(peak 3)" | tee -a "$build/results/flood.jsonl" 2> /dev/null | sed 's/^/# /'
	peak_slab=$(peak 1) peak_sock=$(peak 2)
	# 1024 embryos, and the few that were there
	check "$name: no more embryos than are allowed" test "$(peak 3)" -le 1040
	check "$name: objects below 32 MiB" test "$peak_slab" -le $((32 << 20))
	check "$name: socket memory below 32 MiB" test "$peak_sock" -le $((32 << 20))
	check "$name: quicd lives" kill -0 "$quicd_pid"
	check "$name: a new connection after it" wait_for 60 dial client -t 10000 "$ip4_b" 443
	if [ "$name" = one-network ]; then
		check "$name: honest neighbours get in" test "$dialled" -gt 0
		check "$name: meanwhile it went on" test -n "$still"
	fi
	check "$name: all of it is forgotten" wait_for 60 calm
	note "$name: over after $SECONDS s"
}

# as fast as it can be sent; and from one network, with no end, but about half of what
# this machine's quicd can answer: shares of the tables are seen, not of processors
patience=10000
check_eq "Retry: none in peace" 0 "$(stat_of RetrySent server)"
flood_of all -b 17 -c "$count"
check "Retry: by itself, under load" test "$(stat_of RetrySent server)" -gt 0
patience=40000
rate=$((1000 / handshake_ms))
rate=$((rate < 5 ? 5 : rate > 100 ? 100 : rate))
note "a handshake takes $handshake_ms ms: $rate forged ones a second"
flood_of one-network -b 8 -r "$rate"
check "no object more than before" wait_for 40 same_objects "$objects" ||
	note "$(diff <(echo "$objects") <(quic_objects))"
for c in DropInitialQueue EmbryosEvicted HandshakeFails DropDecrypt DropFilter; do
	note "$c $(stat_of "$c" server)"
done
note "after: $(sample)"
retries=$(stat_of RetrySent server)
check "a transfer after" fetch file
check_eq "Retry: no more of them" "$retries" "$(stat_of RetrySent server)"

quic_finish
