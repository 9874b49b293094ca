#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_windows.sh - a long path: receive windows grow as the program reads, seen by a
# counter and in the steps of MAX_STREAM_DATA, and not beyond the sysctl's ceiling. On
# the same packets: numbers are left out (RFC 9000 21.4) though nothing is lost.

# shellcheck disable=SC2016  # awk
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

quic_begin
start_quicd
setup_veth client server
modprobe -q sch_netem
segmentation_off client
segmentation_off server
head -c 16M /dev/urandom > "$work/file"
start_server server 443 "$tools/quicserve" -q -p 443 -d "$work"

# --- short: nothing has to grow ---

netem client veth delay 1ms limit 20000
netem server veth delay 1ms rate 100mbit limit 20000
sysctl -q net.quic.rmem="4096 16777216 8388608"
file_comes "a ceiling below the window" "$ip4_b"
check_eq "no window grows above the ceiling" 0 "$(stat_of WindowsGrown client)"
sysctl -q net.quic.rmem="4096 16777216 67108864"

# --- long: 2 s, so that this machine, too, reads half a window in two of them ---

netem client veth delay 1000ms limit 100000
netem server veth delay 1000ms limit 100000
capture "$work/long.pcap"
file_comes "2 s of round trip" "$ip4_b"
capture_end "$work/long.pcap"
note "windows grew $(stat_of WindowsGrown client) times"
check "windows grow" test "$(stat_of WindowsGrown client)" -ge 1

packets "$work/long.pcap" -Y quic -T fields -e udp.srcport -e quic.msd.maximum_stream_data \
	-e quic.header_form -e quic.packet_number > "$work/fields"
# fields COLUMN CONDITION: values of packets, one a line
fields() { awk -F '\t' "$2 { print \$$1 }" "$work/fields" | tr ',' '\n' | grep .; }

# a limit of 4 MiB to begin with rises by 4 MiB at most where the window stays that size
step=$(fields 2 '$1 != 443' | sort -n |
	awk 'BEGIN { last = 4194304 } $1 - last > m { m = $1 - last } { last = $1 }
		END { print m + 0 }')
note "MAX_STREAM_DATA rises by $step bytes at most"
check "a stream's limit rises by more than its first window" test "$step" -gt 4194304

left_out=$(fields 4 '$1 == 443 && $3 ~ /0/' | sort -n |
	awk 'NR > 1 && $1 > last + 1 { n += $1 - last - 1 } { last = $1 } END { print n + 0 }')
note "$left_out packet numbers were left out"
check "packet numbers are left out" test "$left_out" -ge 10

kill "$server_pid"
wait "$server_pid" 2> /dev/null
quic_finish
