# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# env.sh - module, daemon and certificates for the QUIC selftests in shell.
#
#	. "$(dirname "$0")/env.sh"
#	quic_begin			# quicsock.ko is loaded
#	start_quicd [NS [CONF]]		# quicd serves; quicd_pid
#	...
#	quic_finish			# everything stopped, nothing left, module out
#
# Every profile of make_certs is a profile of quicd: good, wrong, expired, other, ip
# and long for servers (default is good); none has no certificate; distrust trusts
# otherca; limited is for a user who does not exist.

# shellcheck disable=SC2016,SC2034,SC2119,SC2120  # for the files that read this one
# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

certs=$build/selftests/certs
tools=$build/tools
examples=$build/libquicsock/examples
helpers=$build/selftests/quic
work=$(mktemp -d /tmp/quic.XXXXXX)
on_exit "rm -rf $work"
on_exit "evidence_files $work"
quicd_pid=
quicd_n=0

# What no file may leave in the kernel's log; scripts/vm has more of it.
splat='BUG|WARNING: |Oops|Call Trace|general protection|refcount_t|corruption|detected stall'

# quicd_conf CA: a configuration on stdout
quicd_conf()
{
	local p

	printf '[global]\nworkers = 2\nkeylog = %s/keys.log\n' "$work"
	for p in good wrong expired other ip long; do
		printf '[profile %s]\ncert = %s\nkey = %s\nca = %s\n' \
			"${p/#good/default}" "$certs/$p.pem" "$certs/$p.key" "$certs/$1.pem"
	done
	printf '[profile none]\nca = %s\n' "$certs/$1.pem"
	printf '[profile distrust]\nca = %s\n' "$certs/otherca.pem"
	printf '[profile limited]\nca = %s\nallow_uid = 54321\n' "$certs/$1.pem"
}

# start_quicd [NS [CONF]]: in this namespace or NS.  Sets quicd_pid, quicd_log.
start_quicd()
{
	local conf=${2:-$work/quicd.conf} enter=()

	[ -z "${1:-}" ] || enter=(ip netns exec "$1")
	quicd_n=$((quicd_n + 1))
	quicd_log=$work/quicd.$quicd_n.log
	"${enter[@]}" "$build/daemon/quicd" -c "$conf" > "$quicd_log" 2>&1 &
	quicd_pid=$!
	on_exit "kill -KILL $quicd_pid"
	wait_for 60 has_line 'workers ready' "$quicd_log" ||
		die "quicd does not start: $(cat "$quicd_log")"
}

# stop_quicd [SIGNAL]
stop_quicd()
{
	[ -n "$quicd_pid" ] || return 0
	kill -"${1:-TERM}" "$quicd_pid" 2> /dev/null
	wait "$quicd_pid" 2> /dev/null
	quicd_pid=
}

quic_begin()
{
	[ -e "$certs/.done" ] || die "no certificates: make -C tests/selftests"
	dmesg_before=$(dmesg | wc -l)
	modprobe -q -a aesni-intel gcm chacha20poly1305 2> /dev/null
	# what a file that died has left
	! module_is_loaded quicsock || wait_for 30 rmmod quicsock
	load_module quicsock || die "cannot load quicsock.ko: $(dmesg | tail -n 3)"
	quicd_conf ca > "$work/quicd.conf"
}

# --- what lives in the kernel ---

# quic_objects: "CACHE COUNT" of each slab cache of the module, exactly: shrinking
# takes back the slabs that processors hold, all of whose objects count as used.
quic_objects()
{
	local d n

	for d in /sys/kernel/slab/quic* /sys/kernel/slab/QUIC*; do
		[ -e "$d/shrink" ] || continue
		echo 1 > "$d/shrink"
		read -r n _ < "$d/objects"
		printf '%s %s\n' "${d##*/}" "$n"
	done
}

# one that no list has any more is freed a grace period later; what processors keep for the
# next trains, some seconds later
no_conns_held()
{
	local name n

	while read -r name n; do
		[[ $name != quic_@(conn|rxbuf|tx_chunk) || $n = 0 ]] || return 1
	done < <(quic_objects)
}
no_objects() { [[ ! $(quic_objects) =~ \ [1-9] ]]; }

same_objects() { [ "$(quic_objects)" = "$1" ]; }

# stat_of COUNTER [NS]: a line of /proc/net/quic/stat
stat_of()
{
	local line

	read_net "${2:-}" quic/stat || return
	for line in "${net_lines[@]}"; do
		[[ $line != "$1 "* ]] || echo "${line##* }"
	done
}

kernel_is_quiet()
{
	dmesg | tail -n "+$((dmesg_before + 1))" > "$work/dmesg"
	! grep -E "$splat" "$work/dmesg"
}

# Every child of this shell ends.
stop_children()
{
	local p

	for p in $(jobs -p); do
		kill -TERM "$p" 2> /dev/null
		kill -CONT "$p" 2> /dev/null
	done
	wait
}

# The end of a file: a leak here is a leak of this file.
quic_leave()
{
	stop_children
	quicd_pid=
	check "no object is left" wait_for 30 no_objects || note "$(quic_objects)"
	check "the module can be removed" wait_for 10 rmmod quicsock
	check "the kernel did not complain" kernel_is_quiet
}

quic_finish()
{
	quic_leave
	finish
}

# --- tools ---

# field FILE NAME: a value of a line of JSON
field() { sed -n "s/.*\"$2\": *\"\{0,1\}\([^\",}]*\).*/\1/p" "$1" | tail -n 1; }

# port_in_use NS PORT: a UDP socket is bound there
port_in_use()
{
	local family line hex

	printf -v hex %04X "$2"
	for family in udp udp6; do
		read_net "$1" "$family" || return
		for line in "${net_lines[@]}"; do
			# slot: local remote ...
			[[ ! $line =~ ^\ *[0-9]+:\ [0-9A-F]+:$hex\  ]] || return 0
		done
	done
	return 1
}

# listens NS PORT: a QUIC socket does, there
listens()
{
	local line

	read_net "$1" quic/listeners || return
	for line in "${net_lines[@]}"; do
		[[ $line != *":$2 "* ]] || return 0
	done
	return 1
}

# serves NS PORT [LINGERS]: so it does, or it is bound: for a while, for who binds may have
# to listen yet, and not LINGERS, by what was there before
serves()
{
	listens "$1" "$2" ||
		{ [ -z "${3:-}" ] && port_in_use "$1" "$2" && breath && breath && port_in_use "$1" "$2"; }
}

# start_server NS PORT COMMAND...: in the background until it serves, for
# $server_limit seconds (10); its output in $work/server.PORT.  Sets server_pid.
start_server()
{
	local ns=$1 port=$2 lingers=

	shift 2
	port_in_use "$ns" "$port" && lingers=1
	ip netns exec "$ns" "$@" > "$work/server.$port" 2>&1 &
	server_pid=$!
	on_exit "kill -KILL $server_pid"
	wait_for "${server_limit:-10}" serves "$ns" "$port" "$lingers" ||
		die "$1 does not listen: $(cat "$work/server.$port")"
}

# file_comes WHAT ARGUMENT...: quicget in namespace client has $work/file from a server
# that serves $work, the same
file_comes()
{
	mkdir -p "$work/got"
	rm -f "$work/got/file"
	check "$1: a transfer" timeout 300 ip netns exec client "$tools/quicget" -q \
		--server-name server.test -o "$work/got" "${@:2}" file
	check "$1: is intact" cmp "$work/file" "$work/got/file"
}

# dial NS ARGUMENT...: what connect(2) says, "ERRNO MS ORIGIN KIND: TEXT"
dial() { in_ns "$1" "$helpers/dial" "${@:2}"; }

# --- ends of connections that are told what to do: play.c ---

declare -A play_pid play_in

# plays NAME NS STEP...: in the background; what it says is in $work/NAME
plays()
{
	local fd

	[ -e "$work/in.$1" ] || mkfifo "$work/in.$1"
	exec {fd}<> "$work/in.$1"
	# what an earlier one of this name did is not done
	: > "$work/$1"
	ip netns exec "$2" "$helpers/play" "${@:3}" < "$work/in.$1" > "$work/$1" 2>&1 {fd}>&- &
	play_pid[$1]=$! play_in[$1]=$fd
	on_exit "kill -KILL ${play_pid[$1]}"
}

# tell NAME [LINE]
tell() { echo "${2:-go}" >&"${play_in[$1]}"; }

# did NAME STEP
did()
{
	local line lines

	mapfile -t lines < "$work/$1"
	for line in "${lines[@]}"; do
		[ "$line" != "did $2" ] || return 0
	done
	return 1
}
waits_for() { wait_for 60 did "$@" || die "$1 does not come to '$2': $(cat "$work/$1")"; }

# ended WHAT NAME: all its steps are done
ended()
{
	local fd=${play_in[$2]}

	waits_over "$2" || kill -TERM "${play_pid[$2]}"
	wait "${play_pid[$2]}"
	check_eq "$1" 0 "$?" || note "$(tail -n 5 "$work/$2")"
	exec {fd}>&-
}
play_runs() { kill -0 "${play_pid[$1]}" 2> /dev/null; }
play_is_over() { ! play_runs "$1"; }
waits_over() { wait_for 100 play_is_over "$1"; }

# of_conn NS COLUMN: of the first connection in /proc/net/quic/conns, as its head names it
of_conn()
{
	local head row i

	read_net "$1" quic/conns || return
	read -ra head <<< "${net_lines[0]:-}"
	read -ra row <<< "${net_lines[1]:-}"
	for i in "${!head[@]}"; do
		[ "${head[i]}" != "$2" ] || echo "${row[i]:-}"
	done
}
conn_has() { [ "$(of_conn "$1" "$2")" = "$3" ]; }
# conns_in NS: how many there are
conns_in()
{
	read_net "$1" quic/conns || return
	echo $((${#net_lines[@]} - 1))
}
no_conns() { read_net "$1" quic/conns && [ "${#net_lines[@]}" = 1 ]; }
