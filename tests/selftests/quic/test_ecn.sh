#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_ecn.sh - explicit congestion notification (RFC 9000 13.4): packets leave marked
# ECT(0), by IPv4 and IPv6; a queue that marks CE instead of dropping slows the sender
# down without a loss; a router that clears the marks is noticed, and so is a switch
# that turns them off.  Seen by counters and by somebody else's decoder.

# shellcheck disable=SC2016  # awk
# shellcheck source=env.sh
. "$(dirname "$0")/env.sh"
# shellcheck source=capture.sh
. "$(dirname "$0")/capture.sh"

quic_begin
start_quicd
setup_veth client server
modprobe -q -a sch_netem cls_u32 cls_matchall sch_ingress act_pedit act_csum || true
segmentation_off client
segmentation_off server
head -c 2M /dev/urandom > "$work/file"
start_server server 443 "$tools/quicserve" -q -p 443 -d "$work"

# marks PCAP: "HOW_MANY BITS" of all datagrams
marks()
{
	packets "$1" -Y udp -T fields -e ip.dsfield.ecn -e ipv6.tclass.ecn |
		tr -d '\t' | sort | uniq -c | awk '{ print $1, $2 }'
}

# counts PCAP PORT: largest counts of ECT(0), ECT(1) and CE in ACK frames to PORT
counts()
{
	packets "$1" -Y "quic && udp.dstport == $2" -T fields -e quic.ack.ect0_count \
		-e quic.ack.ect1_count -e quic.ack.ecn_ce_count |
		awk -F '\t' '{ for (i = 1; i <= 3; i++) { n = split($i, v, ",");
			for (j = 1; j <= n; j++) if (v[j] + 0 > m[i]) m[i] = v[j] + 0 } }
			END { print m[1] + 0, m[2] + 0, m[3] + 0 }'
}

# --- a path that leaves the bits alone ---

netem client veth rate 20mbit limit 10000 delay 2ms
netem server veth rate 20mbit limit 10000 delay 2ms
capture "$work/clean.pcap"
file_comes IPv4 "$ip4_b"
file_comes IPv6 "$ip6_b"
capture_end "$work/clean.pcap"
marks "$work/clean.pcap" > "$work/marks"
note "datagrams and their bits: $(tr '\n' ';' < "$work/marks")"
check "nearly all datagrams are marked ECT(0)" awk '$2 == 2 { ect = $1 } { all += $1 }
	END { exit !(ect > 1000 && ect > 0.95 * all) }' "$work/marks"
read -r ect0 ect1 ce <<< "$(counts "$work/clean.pcap" 443)"
note "the client reports $ect0 ECT(0), $ect1 ECT(1), $ce CE"
check "the client reports them to the server" test "$ect0" -gt 500
check_eq "and none that there are not" "0 0" "$ect1 $ce"
for ns in client server; do
	check_eq "both connections of the $ns are ECN capable" "2 0" \
		"$(stat_of EcnCapable $ns) $(stat_of EcnFailed $ns)"
	check "the $ns counts what it marked" test "$(stat_of OutEct $ns)" -gt 100
	check_eq "nothing came to the $ns marked CE" 0 "$(stat_of InCe $ns)"
done

# --- a router that marks instead of dropping ---

before=$(stat_of CongestionEvents server)
netem server veth rate 20mbit limit 10000 delay 2ms loss 1% ecn
capture "$work/ce.pcap"
file_comes "CE marks" "$ip4_b"
capture_end "$work/ce.pcap"
note "datagrams and their bits: $(marks "$work/ce.pcap" | tr '\n' ';')"
came=$(stat_of InCe client)
slowed=$(($(stat_of CongestionEvents server) - before))
read -r _ _ ce <<< "$(counts "$work/ce.pcap" 443)"
note "$came datagrams came marked CE, the client reports $ce, the server slowed down $slowed times"
check "datagrams come marked CE" test "$came" -ge 3
check "the client reports them" test "$ce" -ge 3
check "and no more than came" test "$ce" -le "$came"
check "the server slows down" test "$slowed" -ge 1
check_eq "and stays ECN capable" "3 0" "$(stat_of EcnCapable server) $(stat_of EcnFailed server)"

# --- one that clears the marks ---

in_ns server tc qdisc del dev veth root
if in_ns server tc qdisc add dev veth clsact &&
   in_ns server tc filter add dev veth egress protocol ip matchall \
	action pedit ex munge ip tos set 0 retain 3 pipe action csum ip; then
	file_comes "cleared marks" "$ip4_b"
	check_eq "the server notices" 1 "$(stat_of EcnFailed server)"
	check_eq "the client's marks go the other way and work" 0 "$(stat_of EcnFailed client)"
	in_ns server tc qdisc del dev veth clsact
else
	note "no tc to clear marks with"
fi

# --- the switch ---

before=$(stat_of OutEct client)
sysctl -q net.quic.ecn=0
file_comes "switched off" "$ip4_b"
sysctl -q net.quic.ecn=1
check_eq "nothing is marked then" "$before" "$(stat_of OutEct client)"

kill "$server_pid"
wait "$server_pid" 2> /dev/null
quic_finish
