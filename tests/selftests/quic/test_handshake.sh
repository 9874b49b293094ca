#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_handshake.sh - handshakes that must fail: each with its own errno from
# connect(2) and one line that says why; and what happens when quicd dies.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

quic_begin
setup_ns lonely
head -c 10000 /dev/urandom > "$work/file"

# a client in this namespace, quicd beside it
says() { "$helpers/dial" "$@"; }

# expect WHAT ERRNO MAX_MS DIAL_ARGUMENT...: the errno in time, and a reason
expect()
{
	local what=$1 errno=$2 ms=$3 out got took text

	shift 3
	out=$(timeout 60 "$helpers/dial" "$@" 2>&1)
	read -r got took _ <<< "$out"
	text=${out#*: }
	check_eq "$what: $errno" "$errno" "$got" || note "$out"
	check "$what: within $ms ms" test "$took" -le "$ms"
	check "$what: one line says why" reads_well "$text" && note "$text"
}

# one line, more than a word, no stray format
reads_well() { [ "${#1}" -gt 10 ] && [ "${#1}" -lt 240 ] && [ "$(wc -l <<< "$1")" = 1 ]; }

serve() { start_server "$1" "$2" "$tools/quicserve" -q -p "$2" -d "$work" "${@:3}"; }

# ip netns exec needs a name; this shell's namespace is that of init
ip netns attach here $$ 2> /dev/null || die "cannot name this namespace"
on_exit "ip netns del here"
witness[here]=$$

# --- nobody serves ---
sysctl -q net.quic.handshake_wait_ms=300
expect "no daemon" EHOSTDOWN 3000 127.0.0.1 1443
sysctl -q "net.quic.handshake_wait_ms=$((3000 * ${SELFTEST_SLOW:-1}))"

# a daemon that comes while we wait is in time
"$helpers/dial" 127.0.0.1 1443 > "$work/waiting" &
waiting=$!
start_quicd
serve here 443
wait "$waiting"
check "a daemon within the wait serves" grep -qv EHOSTDOWN "$work/waiting"

# --- who the server is ---
check "the right name" says 127.0.0.1 443
check "its address as the name" says -n 127.0.0.1 127.0.0.1 443
check "IPv6, its address as the name" says -n ::1 ::1 443
expect "another name" EKEYREJECTED 5000 -n other.test 127.0.0.1 443
expect "another address as the name" EKEYREJECTED 5000 -n 10.1.2.3 127.0.0.1 443
# without a name it is the address that must be in the certificate
check "no name: the address, which it has" says -n "" 127.0.0.1 443
expect "a CA that we do not trust" EKEYREJECTED 5000 -p distrust 127.0.0.1 443
check "not verified on demand" says -v 2 -n other.test 127.0.0.1 443
serve here 444 --profile wrong
serve here 445 --profile expired
serve here 446 --profile other
serve here 447 --profile ip
serve here 448 --profile none
expect "the certificate of another" EKEYREJECTED 5000 127.0.0.1 444
expect "an expired certificate" EKEYEXPIRED 5000 127.0.0.1 445
expect "a certificate of another CA" EKEYREJECTED 5000 127.0.0.1 446
expect "no name: the address, which it has not" EKEYREJECTED 5000 -n "" 127.0.0.1 444
expect "a name, but only addresses in it" EKEYREJECTED 5000 127.0.0.1 447
check "an address in it" says -n 127.0.0.1 127.0.0.1 447
expect "a server without certificate" EPROTO 5000 127.0.0.1 448

# --- what both speak ---
expect "no common ALPN" EPROTONOSUPPORT 5000 -a nonsense 127.0.0.1 443
expect "no ALPN at all" EPROTONOSUPPORT 5000 -a "" 127.0.0.1 443
check "the second ALPN will do" says -a nonsense,hq-interop 127.0.0.1 443

# --- our own credentials ---
expect "no such profile" ENOKEY 5000 -p nowhere 127.0.0.1 443
expect "a profile for others" EACCES 5000 -p limited 127.0.0.1 443

# --- nobody there ---
expect "nobody listens: IPv4" ECONNREFUSED 15000 127.0.0.1 9
expect "nobody listens: IPv6" ECONNREFUSED 15000 -n ::1 ::1 9
expect "no route" ENETUNREACH 2000 198.51.100.1 443

# --- quicd dies ---

mkfifo "$work/in"
"$helpers/dial" -H 127.0.0.1 443 < "$work/in" > "$work/held" 2>&1 &
held=$!
exec 8> "$work/in"
check "a connection for later" wait_for 10 has_line '^OK' "$work/held" ||
	note "$(cat "$work/held")"

lines() { [ "$(grep -c '10000 bytes' "$work/held")" = "$1" ]; }

echo "GET /file" >&8
check "it works" wait_for 10 lines 1

# messages of generic netlink (16) wait in a receive queue: START was sent
start_is_queued() { awk '$2 == 16 && $5 > 0' /proc/net/netlink | grep -q .; }

kill -STOP "$quicd_pid"
"$helpers/dial" 127.0.0.1 443 > "$work/stopped" 2>&1 &
stopped=$!
check "START waits for a stopped quicd" wait_for 10 start_is_queued
echo "GET /file" >&8
check "what is established goes on while quicd is stopped" wait_for 10 lines 2
wait "$stopped"
check_eq "quicd stopped: ETIMEDOUT" ETIMEDOUT "$(cut -d ' ' -f 1 "$work/stopped")" ||
	note "$(cat "$work/stopped")"
"$helpers/dial" 127.0.0.1 443 > "$work/killed" 2>&1 &
killed=$!
check "START waits again" wait_for 10 start_is_queued
kill -KILL "$quicd_pid"
wait "$quicd_pid" 2> /dev/null
wait "$killed"
check_eq "quicd killed: ECONNABORTED" ECONNABORTED "$(cut -d ' ' -f 1 "$work/killed")" ||
	note "$(cat "$work/killed")"
check "and it says why" reads_well "$(sed 's/^[^:]*: //' "$work/killed")"
echo "GET /file" >&8
check "what is established survives quicd" wait_for 10 lines 3
exec 8>&-
wait "$held"

start_quicd
check "a new quicd serves again" says 127.0.0.1 443

# its configuration is read again
sed -i "s,$certs/good,$certs/wrong,g" "$work/quicd.conf"
kill -HUP "$quicd_pid"
reloaded() { says 127.0.0.1 443 | grep -q EKEYREJECTED; }
check "SIGHUP: the new certificate is used" wait_for 10 reloaded

quic_finish
