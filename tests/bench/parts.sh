# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# parts.sh - the parts of a benchmark, a function for each: one round of it
#
# All modes take turns within a round. $link and $round say where we are. Sourced by
# guest after links.sh.

rr_count=500
conns=64
handshakes=100
idle=1000

# bytes_of MESSAGE: what a run moves
bytes_of()
{
	case $1 in
	1k) echo $((BENCH_MIB * 1048576 / 2)) ;;
	*) echo $((BENCH_MIB * 1048576)) ;;
	esac
}

# theirs: libngtcp2, whose library has no messages: one run stands beside all of them
theirs()
{
	timeout 600 ip netns exec "$from" "$ngtcp2" client -p 4400 --server-name server.test \
		--bulk-put "$(bytes_of 64k)" "$host" > "$work/run" 2>&1 ||
		die "$link ngtcp2: $(cat "$work/run")"
	emit bulk any ngtcp2 "$round"
}

# one stream
part_bulk()
{
	local message mode

	for message in ${BENCH_MESSAGES//,/ }; do
		for mode in quic ktls tcp; do
			client "$mode" plain -m "${message^^}" -b "$(bytes_of "$message")"
			emit bulk "$message" "$mode" "$round"
		done
	done
	! has_ngtcp2 || theirs
}

# one stream, small messages that leave at once
part_nodelay()
{
	local mode

	for mode in quic ktls tcp; do
		client "$mode" nodelay -m 1K -b "$(bytes_of 1k)"
		emit bulk 1k_nodelay "$mode" "$round"
	done
}

# one stream of a file in memory, whose pages sendfile(2) hands on
part_sendfile()
{
	local mode

	for mode in quic ktls tcp; do
		client "$mode" plain --sendfile -m 64K -b "$(bytes_of 64k)"
		emit sendfile 64k "$mode" "$round"
	done
}

# eight streams of one connection; TCP and kTLS need a connection for each
part_streams()
{
	local mode

	client quic plain -m 64K -b "$(bytes_of 64k)" --streams 8
	emit streams8 64k quic "$round"
	for mode in ktls tcp; do
		client "$mode" plain -m 64K -b "$(bytes_of 64k)" --connections 8
		emit streams8 64k "$mode" "$round"
	done
}

part_conns()
{
	local mode

	for mode in quic ktls tcp; do
		client "$mode" plain -m 64K -b "$(bytes_of 64k)" --connections "$conns"
		emit "conns$conns" 64k "$mode" "$round"
	done
}

# no Nagle in any mode
part_rr()
{
	local size mode

	for size in 1 1k 64k; do
		for mode in quic ktls tcp; do
			client "$mode" nodelay --rr "${size^^}" --count "$rr_count"
			emit rr "$size" "$mode" "$round"
		done
	done
}

part_handshakes()
{
	local mode

	for mode in quic tcp; do
		client "$mode" plain --handshakes "$handshakes" --connections 4
		emit handshakes 4 "$mode" "$round"
	done
}

# slab_bytes PATTERN: of caches whose names match, whole slabs; what a processor keeps
# aside is given back first
slab_bytes()
{
	local d

	for d in /sys/kernel/slab/quic* /sys/kernel/slab/QUIC* /sys/kernel/slab/kmalloc-*; do
		[ ! -e "$d/shrink" ] || echo 1 > "$d/shrink"
	done
	awk -v p="$1" '$1 ~ p { n += $15 * $6 * 4096 } END { print n + 0 }' /proc/slabinfo
}

# the same twice in a row, a breath between them: what the last packets needed is free
slabs_rest()
{
	local now

	now=$(slab_bytes "$ours")
	[ "$now" = "$rested" ] && return
	rested=$now
	return 1
}

# Idle connections, and the caches before and with them. Both ends are in this kernel.
ours='^(quic|QUIC)' general='^kmalloc-'
part_memory()
{
	local before before_general n fd

	[ "$round" = 1 ] || return 0
	rested=
	wait_for 30 slabs_rest || note "the caches do not come to rest"
	before=$(slab_bytes "$ours") before_general=$(slab_bytes "$general")
	[ -e "$work/hold" ] || mkfifo "$work/hold"
	exec {fd}<> "$work/hold"
	ip netns exec "$from" "$tools/quicperf" client -q --json -p 4433 --server-name server.test \
		--hold "$idle" "$host" < "$work/hold" > "$work/run" 2>&1 {fd}>&- &
	n=$!
	wait_for 300 grep -q holding "$work/run" || die "idle connections: $(cat "$work/run")"
	rested=
	wait_for 30 slabs_rest || note "the caches do not come to rest"
	emit_count slab_bytes_per_endpoint \
		$((($(slab_bytes "$ours") - before) / 2 / idle)) bytes \
		"caches of the module and its sockets, $idle idle connections, both ends"
	emit_count kmalloc_bytes_per_endpoint \
		$((($(slab_bytes "$general") - before_general) / 2 / idle)) bytes \
		"kmalloc caches meanwhile: keys, transforms, and what others allocate"
	kill "$n"
	wait "$n" 2> /dev/null
	exec {fd}>&-
}

# Allocations and copies of the module, of one more transfer of twice the bytes. These are
# four times bulk's: while windows grow, so does what is under way, which is allocated once.
# The kernel's tracing is not to be seen in a namespace.
part_counts()
{
	[ "$round" = 1 ] || return 0
	"$bench/counts.py" -m "$build/$(series)/module/quicsock.ko" \
		-b $((4 * $(bytes_of 64k))) -l "${BENCH_OUT:-$work}/counts.txt" -- \
		ip netns exec "$from" "$tools/quicperf" client -q --json --no-hash -p 4433 -m 64K \
		--server-name server.test "$host" > "$work/counts" 2> "$work/counts.err" ||
		die "counts.py: $(tail -n 5 "$work/counts.err")"
	while IFS=$'\t' read -r name value unit text; do
		emit_count "$name" "$value" "$unit" "$text"
	done < "$work/counts"
}
