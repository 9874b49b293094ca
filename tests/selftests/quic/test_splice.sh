#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_splice.sh - what sendfile(2) sends stays in the file's pages until it is encrypted:
# nothing of it is copied, on any link, and nothing is written there. What aligns, and the end
# of a file that is a few bytes, is copied into packets; that, and what is lost on the way, is
# sent as well.

# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"

quic_begin
start_quicd
modprobe -q sch_netem

port=5000
mib=$((1 << 20))

# more NAME BEFORE: by how much a counter of the client rose
more() { echo $(($(stat_of "$1" client) - $2)); }

# sends WHAT ADDRESS BYTES STEP...: on stream 2; sets $copied, $lent, $joined
sends()
{
	port=$((port + 1))
	copied=$(stat_of OutBytesCopied client)
	lent=$(stat_of OutBytesLent client)
	joined=$(stat_of OutBytesJoined client)
	plays server "$server_ns" accept:$port recv:2:"$3" recv:2:0 hear
	wait_for 20 listens "$server_ns" $port || die "nobody listens"
	plays client client "connect:$2:$port" open:uni "${@:4}" line intact close:0
	waits_for server recv:2:0
	tell client
	ended "$1: the file is as it was" client
	ended "$1: all arrives" server
	copied=$(more OutBytesCopied "$copied")
	lent=$(more OutBytesLent "$lent")
	joined=$(more OutBytesJoined "$joined")
	note "$1: $copied bytes copied, $lent lent, $joined of $3 copied into packets"
}

# lends WHAT ADDRESS MOST: 4 MiB, of which packets have at most MOST bytes that were copied
lends()
{
	sends "$1" "$2" $((4 * mib)) sendfile:2:$((4 * mib)):fin
	check_eq "$1: nothing is copied" "0 $((4 * mib))" "$copied $lent"
	check "$1: a few bytes are copied into packets" test "$joined" -le "$3"
}

server_ns=server
setup_veth client server
lends "1500" "$ip4_b" $((mib / 8))

# odd beginnings and ends: what is written is copied, the file is not
sends "after a write" "$ip4_b" $((1001 + 69732)) send:2:1001 sendfile:2:69732:fin
check_eq "after a write: that is copied, and the end of the file, 100 bytes" \
	"$((1001 + 100)) $((17 * 4096))" "$copied $lent"
sends "tiny" "$ip4_b" 200 sendfile:2:200:fin
check_eq "tiny: it is copied" "200 0" "$copied $lent"

segmentation_off client
netem client veth loss 5% delay 2ms limit 10000
lost=$(stat_of CongestionEvents client)
lends "5 % loss" "$ip4_b" $((mib / 2))
check "5 % loss: there was some" test "$(more CongestionEvents "$lost")" -ge 1
in_ns client tc qdisc del dev veth root

# pages that are not given back would be missing
free_kb() { echo 3 > /proc/sys/vm/drop_caches; awk '$1 == "MemFree:" { print $2 }' /proc/meminfo; }
offload_on client
before=$(free_kb)
sends "pages" "$ip4_b" $((192 * mib)) sendfile:2:$((64 * mib)) sendfile:2:$((64 * mib)) \
	sendfile:2:$((64 * mib)):fin
missing=$((before - $(free_kb)))
note "pages: $missing KB are missing"
check "pages: they are given back" test "$missing" -le $((96 * 1024))

setup_veth client server 9000
lends "9000" "$ip4_b" $((mib / 8))
server_ns=client
lends "loopback" 127.0.0.1 $((mib / 8))

quic_finish
