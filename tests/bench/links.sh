# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154
#
# links.sh - links with a server of each kind at their far end, and what is said of a run
#
#	bench_begin			# module, quicd, what kTLS needs
#	link_up LINK			# from, to, host, device; servers run
#	client quic plain -b 8M ...	# quicperf; what it says is in $work/run
#	emit bulk 64k quic 1		# a line of JSON
#	link_down
#
# LINK is veth1500, veth9000, lo (its MTU is 65536) or lo1472 (its MTU is 1500, so that
# datagrams have 1472 bytes at most). Sourced after env.sh.

ngtcp2=$build/tests/interop/h09peer
declare -A port=([quic.plain]=4433 [tcp.plain]=4434 [ktls.plain]=4435
	[quic.nodelay]=4443 [tcp.nodelay]=4444 [ktls.nodelay]=4445)

has_ngtcp2() { [ -e "$build/cache/ngtcp2/.ready" ]; }

bench_begin()
{
	quic_begin
	modprobe -q -a tls sch_fq tcp_cubic
	start_quicd
	# a socket for each of a thousand connections, at both ends
	ulimit -n 8192
	sysctl -q -w net.core.rmem_max=16777216 net.core.wmem_max=16777216
	driver=$(dmesg | sed -n 's/.*quicsock: AES-128-GCM: \([^,]*\),.*/\1/p' | tail -n 1)
	kernel=$(uname -r)
	module=$(sha256sum < "$build/$(series)/quicsock.ko" | cut -c 1-12)
	icount=false
	[ -z "${BENCH_ICOUNT:-}" ] || icount=true
}

listens() { in_ns "$1" ss -Hlnt "sport = :$2" | grep -q .; }

# servers NS: one of each mode, without and with nodelay
servers()
{
	local m how opt

	pids=()
	for how in plain nodelay; do
		opt=()
		[ "$how" = plain ] || opt=(--nodelay)
		start_server "$1" "${port[quic.$how]}" "$tools/quicperf" server -q \
			-p "${port[quic.$how]}" --no-hash "${opt[@]}"
		pids+=("$server_pid")
		for m in tcp ktls; do
			ip netns exec "$1" "$tools/quicperf" server -q -M "$m" -p "${port[$m.$how]}" \
				--no-hash "${opt[@]}" > "$work/server.$m.$how" 2>&1 &
			pids+=("$!")
			wait_for 10 listens "$1" "${port[$m.$how]}" || die "$m: $(cat "$work/server.$m.$how")"
		done
	done
	has_ngtcp2 || return 0
	start_server "$1" 4400 "$ngtcp2" server -p 4400 --cert "$certs/good.pem" \
		--key "$certs/good.key"
	pids+=("$server_pid")
}

# what the device does for both: segmentation, checksums
offloads_of()
{
	in_ns "$1" ethtool -k "$2" 2> /dev/null | awk -F ': ' '
		$1 == "tcp-segmentation-offload" || $1 == "generic-segmentation-offload" ||
		$1 == "generic-receive-offload" || $1 == "tx-checksumming" || $1 ~ /tx-udp-segmentation/ {
			split($2, a, " ")
			gsub(/^[ \t]+|-offload/, "", $1)
			printf "%s%s=%s", sep, $1, a[1]; sep = " "
		}'
}

link_up()
{
	link=$1
	case $link in
	veth1500 | veth9000)
		setup_veth client server "${link#veth}"
		from=client host=$ip4_b to=server device=veth ;;
	lo | lo1472)
		setup_ns client
		from=client host=127.0.0.1 to=client device=lo
		[ "$link" = lo ] || ip -n client link set lo mtu 1500 ;;
	*) die "no link $link" ;;
	esac
	mtu=$(in_ns "$from" cat "/sys/class/net/$device/mtu")
	offloads=$(offloads_of "$from" "$device")
	servers "$to"
}

link_down()
{
	kill "${pids[@]}"
	wait "${pids[@]}" 2> /dev/null
}

tls_runs() { in_ns "$1" awk '/TlsTxSw|TlsRxSw/ { n += $2 } END { print n + 0 }' /proc/net/tls_stat; }

# client MODE HOW OPTION...: quicperf to the server of that mode; HOW is plain or nodelay.
# Run by the command in $under, if there is one.
under=()
client()
{
	local before mode=$1 how=$2 opt=()

	shift 2
	[ "$how" = plain ] || opt=(--nodelay)
	before=$(tls_runs "$from")
	timeout 600 "${under[@]}" ip netns exec "$from" "$tools/quicperf" client -q --json --no-hash -M "$mode" \
		-p "${port[$mode.$how]}" --server-name server.test "${opt[@]}" "$@" \
		"$host" > "$work/run" 2>&1 || die "$link $mode $*: $(cat "$work/run")"
	[ "$mode" != ktls ] || [ "$(tls_runs "$from")" -gt "$before" ] ||
		die "kTLS did not run in software: $(in_ns "$from" cat /proc/net/tls_stat)"
}

# context: members that each line has
context()
{
	printf '"link": "%s", "kernel": "%s", "module": "%s", "driver": "%s", "mtu": %d, "offloads": "%s", "async": %d, "icount": %s' \
		"$link" "$kernel" "$module" "$driver" "$mtu" "$offloads" "$(stat_of CryptoAsync "$from")" "$icount"
}

# emit PART CASE MODE ROUND: a run's line, out of $work/run
emit()
{
	printf '{"part": "%s", "case": "%s", "mode": "%s", "round": %d, %s, "run": %s}\n' \
		"$1" "$2" "$3" "$4" "$(context)" "$(tail -n 1 "$work/run")"
}

# emit_count NAME VALUE UNIT NOTE: something that was counted
emit_count()
{
	printf '{"part": "count", "name": "%s", "value": %s, "unit": "%s", "note": "%s", %s}\n' \
		"$1" "$2" "$3" "$4" "$(context)"
}
