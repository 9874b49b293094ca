#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_transport.sh - the parts of the transport that files do not show, with h09peer
# (Debian's libngtcp2, tests/interop) once as the client and once as the server:
# datagrams; unidirectional streams of both ends, more than are allowed at once; streams
# that either end resets or stops, and the connection that goes on; a NAT that forgets,
# and clients that move; connection IDs of other lengths; stateless resets, each end
# having lost its state. Each is seen by a counter, an error, or bytes that are compared.
#
# SELFTEST_BRIEF leaves out the module's reload, which takes its time.

# shellcheck source=peer.sh
. "$(dirname "$0")/peer.sh"

secret=known-to-both-lives
key=$(printf '%064d' 11)
greetings=40

quic_begin
echo "$key" > /proc/sys/net/quic/reset_key
start_quicd
setup_veth client server
modprobe -q sch_netem
segmentation_off client
segmentation_off server
for i in 1 2; do
	ip -n server addr add 10.77.0.2$i/24 dev veth
	ip -n client addr add 10.77.0.1$i/24 dev veth
	# never a source by itself
	ip -n client addr add fd77::1$i/64 dev veth nodad preferred_lft 0
done
mkdir -p "$work/files" "$work/got"
head -c 1M /dev/urandom > "$work/files/file"
head -c 3M /dev/urandom > "$work/files/long"
head -c 3001 /dev/urandom > "$work/files/small"
take_sums

serve() { start_server server 443 "$tools/quicserve" --json --upload -p 443 -d "$work/files"; }
serve
ours=$server_pid
peer_server 4433 --greetings "$greetings"

in_client() { timeout "$limit" ip netns exec client "$@"; }
get() { in_client "$tools/quicget" -q -j 1 --server-name server.test -o "$work/got" "$@"; }
put() { in_client "$tools/quicget" -q --server-name server.test --put "$work/files/long" "$@" stored; }

# of COUNTER.NS...: mark, then what it rose by
declare -A marks
mark() { local c; for c; do marks[$c]=$(stat_of "${c%.*}" "${c#*.}"); done; }
rose() { echo $(($(stat_of "${1%.*}" "${1#*.}") - marks[$1])); }
rises() { [ "$(rose "$1")" -ge "$2" ]; }

# in the lines of h09peer: its client's connection, the last one of its server at PORT
client_says() { field <(grep '"event":"connection"' "$work/h09") "$1"; }
server_has_ended() { [ "$(grep -c '"event":"connection"' "$work/server.$1")" -ge "$2" ]; }
server_says() { field <(grep '"event":"connection"' "$work/server.$1") "$2"; }
told() { check "$1" grep -q "$2" "$3" || note "$(cut -c -300 "$3")"; }

# --- datagrams, there and back ---

marks_of_datagrams=(DgramFramesIn.server DgramFramesOut.server DgramFramesIn.client DgramFramesOut.client)
mark "${marks_of_datagrams[@]}"
start_server server 5001 "$helpers/dgram" echo 5001
check "datagrams: h09peer to us" h09 -p 5001 --alpn dgram --datagrams 200 "$ip4_b" ||
	note "$(< "$work/h09")"
check_eq "datagrams: all came back as they were" "200 0" \
	"$(client_says datagrams) $(client_says datagrams_bad)"
wait "$server_pid"
check_eq "datagrams: we sent all back" "echoed 200" "$(< "$work/server.5001")"
check "datagrams: the counters say so" test "$(rose DgramFramesIn.server)" = 200 \
	-a "$(rose DgramFramesOut.server)" = 200
peer_server 4434 --alpn dgram
# shellcheck disable=SC2086  # numbers
check_eq "datagrams: we to h09peer: all came back as they were" "back 120" \
	"$(in_client "$helpers/dgram" ask -c 20 "$ip6_b" 4434 4 64 192 193 700 1100 2>&1)"
check "datagrams: h09peer's end" wait_for 10 server_has_ended 4434 1
check_eq "datagrams: h09peer sent all back" "120 0" \
	"$(server_says 4434 datagrams) $(server_says 4434 datagrams_bad)"
check "datagrams: the counters say so" test "$(rose DgramFramesIn.client)" = 120 \
	-a "$(rose DgramFramesOut.client)" = 120

# --- unidirectional streams of both ends; three are allowed at once ---

waited() { check "$1: MAX_STREAMS was waited for" grep -q "^sent $greetings, waited [1-9].*came $greetings\$" "$2" || note "$(< "$2")"; }

start_server server 5002 "$helpers/meet" greet 5002 "$greetings"
check "streams: h09peer greets us" h09 -p 5002 --greetings "$greetings" "$ip6_b"
check_eq "streams: h09peer has all of ours, and we allowed 3 at once" "$greetings $greetings 3" \
	"$(client_says greetings) $(client_says greeted) $(client_says uni_limit)"
check "streams: our end" wait "$server_pid"
waited "streams: we greet h09peer" "$work/server.5002"
in_client "$helpers/meet" greet "$ip4_b" 4433 "$greetings" > "$work/meet" 2>&1
check_eq "streams: we to h09peer" 0 $?
waited "streams: we to h09peer" "$work/meet"
check "streams: h09peer's end" wait_for 10 server_has_ended 4433 1
check_eq "streams: h09peer has all of ours, and we allowed 3 at once" "$greetings $greetings 3" \
	"$(server_says 4433 greetings) $(server_says 4433 greeted) $(server_says 4433 uni_limit)"

# --- streams that end early ---

# we_meet HOW PORT WHAT: our client; what is said of stream 0, then a whole file
we_meet()
{
	rm -f "$work/got/small"
	in_client "$helpers/meet" "$1" "$ip4_b" "$2" "$work/got/small" > "$work/meet" 2>&1
	check_eq "early: our client: $3: it goes on" 0 $?
	told "early: our client: $3" "^$4 after $some" "$work/meet"
	check "early: our client: $3: the next file" same_files small
}

# it_meets HOW WHAT SAYS REQUEST [OPTION]...: our server, h09peer asks; STATUS in $status
it_meets()
{
	start_server server 5003 "$helpers/meet" "$1" 5003 "$work/files/small"
	status=0
	h09 -p 5003 --streams 1 "${@:5}" "$ip6_b" "$4" small || status=$?
	check "early: our server: $2: it goes on" wait "$server_pid" ||
		note "$(< "$work/server.5003")"
	told "early: our server: $2" "^$3 after $some" "$work/server.5003"
	check "early: our server: $2: the next file" as_they_were 1
}

# Bytes have crossed before the end; only a reader whose peer resets may hear of that
# before he asked for the first one (RFC 9000 3.2: what has come may be dropped).
some='[1-9]'
bulk=/bulk/1000000000
peer_server 4435
peer_server 4436 --stop-after 64K --reset-after 64K
early='"event":"early","connection":1,"stream":0,.*'
we_meet stop 4435 "we stop what h09peer sends" stopped
check "early: h09peer's server was stopped" wait_for 10 has_line "$early\"how\":\"stopped by the peer\"" "$work/server.4435"
we_meet reset 4435 "we reset what h09peer reads" reset
check "early: h09peer's server saw the reset, with its code" wait_for 10 has_line \
	'"connection":2,"stream":0,.*"code":7,"how":"reset by the peer"' "$work/server.4435"
we_meet stopped 4436 "h09peer stops what we send" EPIPE
told "early: h09peer's server stopped it" "$early\"how\":\"stopped\"" "$work/server.4436"
some='[0-9]' we_meet broken 4436 "h09peer resets what we read" ECONNRESET
told "early: h09peer's server reset it" '"connection":2,"stream":0,.*"how":"reset"' "$work/server.4436"

it_meets stop "we stop what h09peer sends" stopped put:1G
check_eq "early: that failed, for h09peer" 1 "$status"
told "early: h09peer's client was stopped" "$early\"how\":\"stopped by the peer\"" "$work/h09"
it_meets reset "we reset what h09peer reads" reset "$bulk"
check_eq "early: that failed, for h09peer" 1 "$status"
told "early: h09peer's client saw the reset, with its code" \
	"$early\"code\":7,\"how\":\"reset by the peer\"" "$work/h09"
it_meets stopped "h09peer stops what we send" EPIPE "$bulk" --stop-after 64K
check_eq "early: that is as h09peer wants it" 0 "$status"
some='[0-9]' it_meets broken "h09peer resets what we read" ECONNRESET put:1G --reset-after 64K
check_eq "early: that is as h09peer wants it" 0 "$status"

# --- connection IDs of other lengths; ours have 8 bytes ---

for n in 0 4 18 20; do
	peer_server $((4500 + n)) --cid-length "$n"
	rm -f "$work/got"/*
	check "IDs of $n bytes: we from h09peer" get -p $((4500 + n)) "$ip4_b" file small
	check "IDs of $n bytes: SHA-256" same_files file small
	check "IDs of $n bytes: h09peer from us" h09 --cid-length "$n" "$ip6_b" file small
	check "IDs of $n bytes: SHA-256" as_they_were 2
	check_eq "IDs of $n bytes, against 8" "$n 8" \
		"$(client_says cid_length) $(client_says peer_cid_length)"
done

# --- a NAT that forgets, and clients that move ---

# queues are short: who goes to another path is not to be heard of last
netem client veth rate 20mbit limit 100 delay 2ms
netem server veth rate 20mbit limit 100 delay 2ms

# nat PORT EVERY [ADDRESS]...: port 4600 is PORT, for a while
nat()
{
	ip netns exec server "$helpers/nat" 4600 "$ip4_b" "$@" > "$work/nat" 2>&1 &
	nat_pid=$!
	on_exit "kill -KILL $nat_pid"
	wait_for 10 port_in_use server 4600
}

nat_ends()
{
	kill "$nat_pid"
	wait "$nat_pid" 2> /dev/null
	check "$1: the NAT forgot" grep -q mapped "$work/nat"
	note "$(grep -c mapped "$work/nat") times"
}

# followed WHAT PORT N: by h09peer's server there, in its Nth connection
followed()
{
	check "$1: h09peer's end" wait_for 10 server_has_ended "$2" "$3"
	check "$1: h09peer's server validated the path" test "$(server_says "$2" paths)" -ge 1
	note "$(server_says "$2" paths) paths"
}
we_followed()
{
	check "$1: we changed the path, and validated it" test "$(rose PathChanged.server)" -ge 1 \
		-a "$(rose PathValidated.server)" -ge 1
	note "changed $(rose PathChanged.server), validated $(rose PathValidated.server)"
}

marks_of_paths=(PathChanged.server PathValidated.server PathChanged.client PathValidated.client)
mark "${marks_of_paths[@]}"
nat 443 60
check "a NAT: h09peer puts and gets" h09 -p 4600 --cid-length 20 "$ip4_b" put:1M file
check "a NAT: SHA-256" as_they_were 1
check_eq "a NAT: all of it is here" 1048576 "$(stat -c %s "$work/files/bulk")"
nat_ends "a NAT: h09peer from us"
we_followed "a NAT: h09peer from us"

peer_server 4437
nat 4437 60 10.77.0.21 10.77.0.22
rm -f "$work/got"/*
check "a NAT, addresses: we get" get -p 4600 "$ip4_b" file
check "a NAT, addresses: SHA-256" same_files file
followed "a NAT, addresses: we get" 4437 1
nat_ends "a NAT, addresses: we get"
# a window of datagrams goes out at once: the path has to be proved before the next one
nat 4437 300 10.77.0.21 10.77.0.22
check "a NAT, addresses: we put" put -p 4600 "$ip4_b"
followed "a NAT, addresses: we put" 4437 2
told "a NAT, addresses: SHA-256" "\"PUT\",\"path\":\"/stored\",\"sha256\":\"${sums[long]}\"" "$work/server.4437"
nat_ends "a NAT, addresses: we from h09peer"

mark "${marks_of_paths[@]}"
check "h09peer moves to another address" h09 --streams 1 --move-to 10.77.0.11 "$ip4_b" file file put:1M
check "moved: SHA-256" as_they_were 2
told "moved: h09peer validated the path" '"event":"path".*"validated":1' "$work/h09"
we_followed "moved: h09peer from us"
mark "${marks_of_paths[@]}"
check "h09peer moves to another port" h09 --streams 1 --cid-length 4 --move-to "$ip6_a" "$ip6_b" file file
check "moved, port: SHA-256" as_they_were 2
we_followed "moved, port: h09peer from us"

# with_moves MESSAGES COMMAND...: moves after each so many
with_moves() { QUIC_MOVE_EVERY=$1 LD_PRELOAD=$helpers/migrate_preload.so "${@:2}" 2> "$work/moves"; }
mark "${marks_of_paths[@]}"
rm -f "$work/got"/*
export QUIC_MOVE_TO="10.77.0.11 5011 10.77.0.12 5012"
# at once: a reader who gets the processor late has all of it in four or five messages
check "we move to other addresses, and get" with_moves 1 get -p 4437 "$ip4_b" file
check "we moved: SHA-256" same_files file
followed "we moved, and got" 4437 3
export QUIC_MOVE_TO="fd77::11 5013"
check "we move to another address, and put" with_moves 2 put -p 4437 "$ip6_b"
followed "we moved, and put" 4437 4
unset QUIC_MOVE_TO
# the last bytes may be there before the third is proved
check "we changed our path again and again" test "$(rose PathChanged.client)" -ge 2
check_eq "we moved: all of it went" 2 \
	"$(grep -c "\"PUT\",\"path\":\"/stored\",\"sha256\":\"${sums[long]}\"" "$work/server.4437")"

# --- h09peer's server loses its state; we are told at once ---

mark ResetRecv.client ResetSent.server ResetRecv.server
peer_server 4438 --reset-secret "$secret"
first=$server_pid
mkfifo "$work/lines"
in_ns client "$helpers/dial" -H "$ip4_b" 4438 < "$work/lines" > "$work/held" 2>&1 &
held=$!
exec 8> "$work/lines"
echo "GET /small" >&8
check "reset: we are connected" wait_for 20 has_line '^3001 bytes' "$work/held"
kill -KILL "$first"
wait "$first" 2> /dev/null
peer_server 4438 --reset-secret "$secret"
begin=${EPOCHREALTIME/./}
echo "GET /small" >&8
check "reset: h09peer's server is begun again, we hear of it" \
	wait_for 20 has_line '^ECONNRESET' "$work/held" || note "$(< "$work/held")"
note "after $(((${EPOCHREALTIME/./} - begin) / 1000)) ms: $(tail -n 1 "$work/held")"
exec 8>&-
wait "$held"
check_eq "reset: taken" 1 "$(rose ResetRecv.client)"

# --- h09peer's client does; our server's ID for it is one with a token: it had moved ---

mark PathChanged.server
ip netns exec client "$peer" client --reset-secret "$secret" --streams 1 --move-to 10.77.0.11 \
	--repeat 20 "$ip4_b" file > "$work/mover" 2>&1 &
mover=$!
on_exit "kill -KILL $mover"
check "reset: h09peer's client moves" wait_for 30 rises PathChanged.server 1
check "reset: h09peer's client has moved" wait_for 30 has_line '"validated":1' "$work/mover"
kill -KILL "$mover"
wait "$mover" 2> /dev/null
start_server client "$(field <(grep '"path"' "$work/mover") local)" "$peer" server -a 10.77.0.11 \
	-p "$(field <(grep '"path"' "$work/mover") local)" --reset-secret "$secret" \
	--cert "$certs/good.pem" --key "$certs/good.key"
check "reset: another process with that secret is in its place, our server takes its reset" \
	wait_for 30 rises ResetRecv.server 1
check "reset: that connection has ended by it" wait_for 10 has_line '"end":"[^"]*stateless reset' "$work/server.443" ||
	note "$(tail -n 1 "$work/server.443")"
in_ns client tc qdisc del dev veth root
in_ns server tc qdisc del dev veth root

# --- our server loses its state, with the module itself; h09peer's client is told ---

calm() { no_conns "$1"; }

: > "$work/h09"
ip netns exec client "$peer" client --stay "$ip4_b" small > "$work/h09" 2>&1 &
stays=$!
on_exit "kill -KILL $stays"
check "reset: h09peer stays" wait_for 30 has_line '"transfer".*"error":""' "$work/h09"
# our server dies unheard
netem server veth loss 100%
kill -KILL "$ours"
wait "$ours" 2> /dev/null
check "reset: nothing is left here" wait_for 60 calm server
if [ -z "${SELFTEST_BRIEF:-}" ]; then
	stop_quicd
	check "reset: the module goes" wait_for 20 rmmod quicsock
	load_module quicsock || die "cannot load quicsock.ko again"
	echo "$key" > /proc/sys/net/quic/reset_key
	start_quicd
fi
sent=$(stat_of ResetSent server)
in_ns server tc qdisc del dev veth root
serve
status=0
wait "$stays" || status=$?
check_eq "reset: h09peer's client was told" "1 stateless reset" "$status $(client_says error)"
check "reset: by us" test "$(stat_of ResetSent server)" -gt "$sent"

quic_finish
