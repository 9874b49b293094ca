# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# lib.sh - what the selftests in shell share.  Sourced by each test_*.sh:
#
#	. "$(dirname "$0")/../lib.sh"
#	setup_veth client server
#	check "ping crosses" ip netns exec "$ns_a" ping -c 1 "$ip4_b"
#	finish
#
# Results are TAP, the plan comes last, and a test that dies before "finish"
# has no plan and so counts as failed.  Nothing here sleeps to hope: wait_for
# asks again until a limit.

set -u

selftests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$selftests/../.." && pwd)
build=${QUICSOCK_BUILD:-$top/build}
export LC_ALL=C

# shellcheck source=tests/selftests/evidence.sh
. "$selftests/evidence.sh"

# --- results ---

tap_n=0
tap_bad=0

note() { printf '%s\n' "$*" | sed 's/^/# /'; }

ok() { tap_n=$((tap_n + 1)); echo "ok $tap_n - $*"; }

not_ok()
{
	tap_n=$((tap_n + 1))
	tap_bad=$((tap_bad + 1))
	echo "not ok $tap_n - $*"
	evidence_counters
}

# skip WHAT REASON: the reason must be on the list tests/skips.txt.
skip() { tap_n=$((tap_n + 1)); echo "ok $tap_n - $1 # SKIP $2"; }

# check WHAT COMMAND...: ok where COMMAND succeeds, else with what it printed.
check()
{
	local what=$1 out rc=0

	shift
	out=$("$@" 2>&1) || rc=$?
	if [ "$rc" = 0 ]; then
		ok "$what"
	else
		not_ok "$what"
		note "$* gave status $rc"
		[ -z "$out" ] || note "$out"
	fi
	return "$rc"
}

# check_eq WHAT EXPECTED GOT
check_eq()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		note "expected '$2', got '$3'"
		return 1
	fi
}

# die TEXT: the test cannot go on; it has failed, for it has no plan.
die()
{
	echo "Bail out! $*"
	evidence_counters
	exit 1
}

finish()
{
	echo "1..$tap_n"
	[ "$tap_bad" = 0 ]
	exit
}

# --- what must be undone: last first, whatever happens ---

cleanups=()
on_exit() { cleanups=("$*" "${cleanups[@]}"); }
run_cleanups()
{
	local c

	for c in "${cleanups[@]}"; do
		eval "$c" > /dev/null 2>&1 || true
	done
}
trap run_cleanups EXIT
trap 'exit 130' INT TERM

# --- waiting ---

# a pipe that never speaks, to take a breath on
exec {breath_fd}<> <(:)
breath() { read -r -t 0.05 -u "$breath_fd" _ || true; }

# wait_for SECONDS COMMAND...: ask until COMMAND succeeds or the time is over;
# SELFTEST_SLOW times as long on a kernel that is slow.
wait_for()
{
	local end=$((SECONDS + $1 * ${SELFTEST_SLOW:-1} + 1))

	shift
	until "$@" > /dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		breath
	done
}

# has_line PATTERN FILE: as "grep -Eq" has it. Who asks again and again asks the shell:
# a program takes fifty times as long to begin as this takes, where all is emulated, and
# whoever is waited for needs that processor. What is being begun has not emptied its file
# yet: who waits for a line of one that was there before empties it first.
has_line()
{
	local line lines

	mapfile -t lines < "$2" || return
	for line in "${lines[@]}"; do
		[[ ! $line =~ $1 ]] || return 0
	done
	return 1
}

# --- networks ---

in_ns() { ip netns exec "$@"; }

# a process in each namespace, through which its /proc/net is read
declare -A witness

# setup_ns NAME: a fresh namespace with its loopback up.
setup_ns()
{
	[ ! -e "/run/netns/$1" ] || del_ns "$1"
	ip netns add "$1" || die "cannot make namespace $1"
	on_exit "del_ns $1"
	ip -n "$1" link set lo up
	nsenter --net="/run/netns/$1" sleep infinity < /dev/null > /dev/null 2>&1 &
	witness[$1]=$!
	# no child of those that a test ends and waits for
	disown $!
	[ -z "${EVIDENCE_CAPTURE:-}" ] || evidence_capture "$1"
}

# del_ns NAME: with its witness, who would keep it
del_ns()
{
	if [ -n "${witness[$1]:-}" ]; then
		kill -KILL "${witness[$1]}" 2> /dev/null
		unset "witness[$1]"
	fi
	ip netns del "$1"
}

# read_net NS FILE: sets net_lines to the lines of /proc/net/FILE there; of this namespace
# where NS is empty. No program is run.
# shellcheck disable=SC2034  # for who calls it
read_net()
{
	local at=self

	net_lines=()
	if [ -n "$1" ]; then
		at=${witness[$1]:-}
		# it may be on its way
		until [ "/proc/$at/ns/net" -ef "/run/netns/$1" ]; do
			kill -0 "${at:-none}" 2> /dev/null || return
			breath
		done
	fi
	mapfile -t net_lines < "/proc/$at/net/$2"
}

# setup_veth NS_A NS_B [MTU]: two fresh namespaces joined by a veth that is
# called "veth" in both.  Sets ns_a ns_b, ip4_a ip4_b, ip6_a ip6_b.
setup_veth()
{
	local mtu=${3:-1500}

	ns_a=$1 ns_b=$2
	ip4_a=10.77.0.1 ip4_b=10.77.0.2 ip6_a=fd77::1 ip6_b=fd77::2
	export ns_a ns_b ip4_a ip4_b ip6_a ip6_b
	setup_ns "$ns_a"
	setup_ns "$ns_b"
	ip link add veth netns "$ns_a" mtu "$mtu" type veth \
		peer name veth netns "$ns_b" mtu "$mtu" || die "cannot make a veth"
	plug "$ns_a" veth "$ip4_a/24" "$ip6_a/64"
	plug "$ns_b" veth "$ip4_b/24" "$ip6_b/64"
	wait_for 5 link_is_up "$ns_a" veth || die "the veth did not come up"
	wait_for 5 link_is_up "$ns_b" veth || die "the veth did not come up"
}

# plug NS DEV ADDRESS4 ADDRESS6: a device with addresses, up
plug()
{
	# nodad: an address that is tried first cannot be used at once
	printf '%s\n' "addr add $3 dev $2" "addr add $4 dev $2 nodad" "link set $2 up" |
		ip -n "$1" -batch -
}

# setup_routed: client - router - server, fresh; the router's devices are "near", to the
# client, and "far", the others "veth". What is lost in it has left, and so is seen where
# it left. Sets ns_a ns_b, ip4_a ip4_b, ip6_a ip6_b.
setup_routed()
{
	local ns

	ns_a=client ns_b=server
	ip4_a=10.78.1.1 ip4_b=10.78.2.2 ip6_a=fd78:1::1 ip6_b=fd78:2::2
	export ns_a ns_b ip4_a ip4_b ip6_a ip6_b
	for ns in client router server; do
		setup_ns $ns
	done
	join client veth router near 1.1 1.254
	join server veth router far 2.2 2.254
	ip -n client route add default via 10.78.1.254
	ip -n client -6 route add default via fd78:1::254
	ip -n server route add default via 10.78.2.254
	ip -n server -6 route add default via fd78:2::254
	in_ns router sysctl -q net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	for ns in client server; do
		wait_for 5 link_is_up $ns veth || die "the link of $ns did not come up"
	done
}

# join NS DEV NS DEV N.HOST N.HOST: addresses of 10.78.N.0/24 and fd78:N::/64
join()
{
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
	set -- "$1" "$2" "$5" "$3" "$4" "$6"
	while [ $# -gt 0 ]; do
		plug "$1" "$2" "10.78.$3/24" "fd78:${3/./::}/64"
		shift 3
	done
}

link_is_up() { ip -n "$1" -o link show dev "$2" | grep -q 'state UP'; }

# offload_off NS [DEV]: nothing leaves but single datagrams with checksums.
offload_off()
{
	in_ns "$1" ethtool -K "${2:-veth}" tx off sg off tso off gso off \
		tx-udp-segmentation off > /dev/null 2>&1
}

offload_on()
{
	in_ns "$1" ethtool -K "${2:-veth}" tx on sg on tso on gso on \
		tx-udp-segmentation on > /dev/null 2>&1
}

# segmentation_off NS [DEV]: each skb is a datagram; before there is a connection, for a
# socket goes on with what its route could do
segmentation_off()
{
	in_ns "$1" ethtool -K "${2:-veth}" tso off gso off tx-udp-segmentation off > /dev/null 2>&1
}

# netem NS DEV ARGUMENT...: e.g. netem client veth loss 1% delay 10ms. It loses, delays
# and doubles whole skbs; here each is a datagram, and stays one afterwards.
netem()
{
	segmentation_off "$1" "$2"
	netem_as_is "$@"
}

# netem_trains NS DEV ARGUMENT...: the same with what a device takes that segments: a
# train is lost or late as one
netem_trains()
{
	offload_on "$1" "$2"
	netem_as_is "$@"
}

netem_as_is()
{
	[ -d /sys/module/sch_netem ] || modprobe -q sch_netem || true
	in_ns "$1" tc qdisc replace dev "$2" root netem "${@:3}"
}

# plain_link NS [DEV]: no netem or other qdisc
plain_link() { in_ns "$1" tc qdisc del dev "${2:-veth}" root 2> /dev/null; }

# --- modules and memory ---

# series: the directory under build/ that was made for the running kernel.
series()
{
	local f of running

	read -r running < /proc/sys/kernel/osrelease
	for f in "$build"/kernels/*/release; do
		read -r of < "$f"
		if [ "$of" = "$running" ]; then
			f=${f%/release}
			echo "${f##*/}"
			return
		fi
	done
	echo host
}

# load_module NAME [PARAMETER...]: ours, after what it depends on; taken out
# again at the end unless unload_module came first.
load_module()
{
	local ko deps

	ko=$build/$(series)/$1.ko
	[ -e "$ko" ] || die "no $ko: make modules KSERIES=$(series)"
	deps=$(modinfo -F depends "$ko" | tr ',' ' ')
	# shellcheck disable=SC2086  # a list of names
	[ -z "$deps" ] || modprobe -a $deps || die "cannot load $deps"
	insmod "$ko" "${@:2}" || return
	on_exit "rmmod $1"
}

module_is_loaded() { has_line "^$1 " /proc/modules; }

# slab_count CACHE: objects in use; 0 where there is no such cache.  The caches
# must not be merged for this to mean something (boot with slab_nomerge).
slab_count()
{
	awk -v n="$1" '$1 == n { s = $2 } END { print s + 0 }' /proc/slabinfo
}
