# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# evidence.sh - what a failing test leaves for those who look into it.  Sourced by
# lib.sh and run_all.sh.
#
# EVIDENCE_DIR is a directory in the guest's memory; run_all.sh makes one for each
# file and moves it to build/failures when the file failed:
#
#   output           what the file printed
#   console          the kernel's log since the file began
#   counters         of every namespace when the first result failed: /proc/net/quic,
#                    nstat, sockets, devices; slab caches, memory
#   keys.log         secrets from quicd, for tshark -o tls.keylog_file:...
#   *.log server.*   what daemons and servers said
#   again/           the same of a second run, with a capture NS.pcap per namespace
#
# Captures are made in that second run only, by EVIDENCE_CAPTURE=1: whole datagrams,
# which decryption needs, of every test would change what all tests are about.  It
# never makes a file pass.  A failure that does not come again has the rest.

# evidence_of_ns NAME|"": counters of a namespace; "" is this one.
evidence_of_ns()
{
	local enter=() f d

	[ -z "$1" ] || enter=(ip netns exec "$1")
	echo "== namespace ${1:-of the test}"
	for f in $("${enter[@]}" find /proc/net/quic -type f 2> /dev/null); do
		echo "-- $f"
		"${enter[@]}" cat "$f"
	done
	echo "-- nstat"
	"${enter[@]}" nstat -az | grep -E '^(Udp|Ip|Ip6|Icmp|TcpExt.*Drop)' | grep -v ' 0  *0\.0$'
	echo "-- ss"
	"${enter[@]}" ss -uanmp
	"${enter[@]}" ip -s link
	for d in $("${enter[@]}" ls /sys/class/net); do
		echo "-- ethtool -S $d"
		"${enter[@]}" ethtool -S "$d" 2>&1
	done
}

# evidence_counters: once, at the first failure.
evidence_counters()
{
	local ns

	[ -n "${EVIDENCE_DIR:-}" ] && [ ! -e "$EVIDENCE_DIR/counters" ] || return 0
	{
		evidence_of_ns ""
		for ns in $(ip netns list | cut -d ' ' -f 1); do
			evidence_of_ns "$ns"
		done
		echo "== memory"
		grep -iE 'quic|udp|skbuff|^# name' /proc/slabinfo
		head -n 5 /proc/meminfo
		cat /proc/net/sockstat
	} > "$EVIDENCE_DIR/counters" 2>&1
}

# evidence_files DIR: what daemons and captures left in the test's directory.
evidence_files()
{
	# a FIFO would be read from, for ever
	[ -z "${EVIDENCE_DIR:-}" ] || find "$1" -maxdepth 1 -type f \
		\( -name '*.log' -o -name 'server.*' -o -name '*.pcap' \) \
		-exec cp -t "$EVIDENCE_DIR" {} + 2> /dev/null
}

# evidence_capture NS: all datagrams of a namespace, 4 files of 20 MB in turn, until
# the test is over.
evidence_capture()
{
	local said=$EVIDENCE_DIR/$1.tcpdump

	# not a child of the test, which waits for its children
	(ip netns exec "$1" tcpdump -i any -s 0 -U -Z root -C 20 -W 4 -w "$EVIDENCE_DIR/$1.pcap" udp \
		> "$said" 2>&1 & echo $! > "$said.pid")
	on_exit "kill $(< "$said.pid")"
	wait_for 10 has_line 'listening on' "$said" || note "no capture of $1: $(< "$said")"
}
