// SPDX-License-Identifier: GPL-2.0
/*
 * What is in a skb from a UDP socket, and whose it is.
 *
 *   quic_udp_rcv()   skb -> datagrams (gso_size) -> packets (coalesced)
 *                    packets of one socket in a row -> quic_open() ->
 *                    quic_rx_deliver()
 *
 * The skb was taken off a receive queue, so that what udp_recvmsg() would have
 * done is done here: the UDP checksum where nobody verified it yet; skb->dev,
 * which the queue overwrote, is reset before anything looks at it. A train has one
 * address pair and one TOS, but its datagrams may belong to several connections;
 * their bytes may lie anywhere, also not one of them linear. A short header is
 * peeked at; a datagram with a long header that lies in pieces is copied first,
 * these are few.
 *
 * What admins hook (socket filters, cgroup programs, LSM) runs for the QUIC socket
 * here, once for each skb and socket in it, before anything is done about it
 * (guard.c).
 *
 * Invariants: slices of a CPU are filled and opened with BH off, before anything
 * else can want them; a packet is counted as opened (open.c) or under one Drop
 * counter; nothing here changes a connection, whose lock is not held.
 *
 * Worst case: one lookup for each datagram of a train.
 *
 * Not here: addresses and copies (skb.c); what is answered to packets that nobody owns,
 * and when (answer.c); what it means that packets of known IDs come from another
 * address (path.c).
 *
 * Large because each sort of packet is told from the others in one walk.
 */
#include "packet.h"
#include "answer.h"
#include "path.h"

#define PEEK_LEN	64		/* more than a short header and its sample */

/**
 * struct quic_rx - one skb being taken apart
 * @udp: where it came in
 * @skb: data at the UDP payload
 * @walk: over it, never behind the next datagram
 * @slices: of this CPU: packets collected for @sk
 * @n: how many
 * @sk: whose they are, a reference; or NULL
 * @dcid: the ID that led to @sk last
 * @issued: it is one of ours, and not a client's choice
 * @past: all of it was judged, perhaps counted, when it came in and had to wait
 * @judged: socket that @passes is about; compared only
 * @passes: what hooks said about the skb for it
 * @listener: who answers for what no connection owns, a reference; or NULL
 * @asked: @listener was looked for
 * @dgram_len: bytes of the datagram at hand until a slice has noted it, then 0
 * @ecn: of the IP header
 */
struct quic_rx {
	struct quic_udp *udp;
	struct sk_buff *skb;
	struct quic_walk walk;
	struct quic_rx_slice *slices;
	u32 n;
	struct sock *sk;
	struct quic_cid dcid;
	const struct sock *judged;
	enum quic_rx_past past;
	bool issued;
	bool passes;
	bool asked;
	struct sock *listener;
	u16 dgram_len;
	u8 ecn;
};

struct rx_pcpu {
	struct quic_rx_slice slices[QUIC_RX_SLICES];
	bool busy;
};

static DEFINE_PER_CPU(struct rx_pcpu, rx_pcpu);

/* ---- packets of a known connection ---- */

/* Is the fixed bit as the connection of @sk takes it? */
static bool rx_fixed_ok(const struct sock *sk, const struct quic_hdr *hdr)
{
	const struct quic_conn *conn = READ_ONCE(quic_sk(sk)->conn);

	if (likely(quic_hdr_fixed_ok(hdr, conn && quic_conn_greases(conn))))
		return true;
	quic_mib_inc(sock_net(sk), DropHeader);
	return false;
}

/*
 * What hooks say about this skb for this socket, asked once for the packets of a
 * socket in a row.
 */
static bool rx_passes(struct quic_rx *rx, struct sock *sk)
{
	if (rx->past == QUIC_RX_FRESH && rx->judged != sk) {
		rx->judged = sk;
		rx->passes = quic_guard_passes(sk, rx->skb);
	}
	return rx->passes;
}

/* Keep those of @n packets whose keys are to be made still. */
static void rx_park_early(struct quic_rx *rx, struct sock *sk, u32 n)
{
	const struct quic_rx_slice *s = rx->slices;
	struct sk_buff *copy;

	for (; n--; s++) {
		if (likely(!s->early))
			continue;
		copy = quic_skb_dgram(rx->skb, s->off, s->len);
		if (copy)
			quic_rx_park_early(sk, rx->udp, copy);
		else
			quic_mib_inc(rx->udp->net, DropMemory);
	}
}

/* Open and deliver what was collected. The socket's reference goes with it. */
static void rx_flush(struct quic_rx *rx)
{
	struct sock *sk = rx->sk;
	struct quic_rxbuf *buf = NULL;
	u32 n = rx->n;

	rx->sk = NULL;
	rx->n = 0;
	if (!sk)
		return;
	if (!n)
		goto put;
	if (unlikely(!quic_rx_room(sk, rx->skb->truesize)))
		quic_mib_add(rx->udp->net, DropBacklog, n);
	else if (unlikely(!rx_passes(rx, sk)))
		quic_mib_add(rx->udp->net, DropFilter, n);
	else
		buf = quic_open(sk, rx->skb, rx->slices, n, rx->ecn);
	rx_park_early(rx, sk, n);
	if (buf && likely(quic_path_note(sk, rx->skb, buf))) {
		quic_rx_deliver(sk, buf);
		return;
	}
	if (buf) {
		quic_mib_add(rx->udp->net, DropMemory, buf->n);
		quic_rxbuf_free(buf);
	}
put:
	sock_put(sk);
}

/*
 * Collect for @sk, the owner of @dcid, if it is of this port. Its reference is consumed.
 * Return: it is.
 */
static bool rx_turn_to(struct quic_rx *rx, struct sock *sk, const struct quic_cid *dcid,
		       bool issued)
{
	if (!quic_udp_is_of(rx->udp, sk)) {
		sock_put(sk);
		return false;
	}
	if (sk == rx->sk) {
		sock_put(sk);
	} else {
		rx_flush(rx);
		rx->sk = sk;
	}
	rx->dcid = *dcid;
	rx->issued = issued;
	return true;
}

/* Let a long header's @dcid decide whom to collect for. Return: is there one? */
static bool rx_find(struct quic_rx *rx, const struct quic_cid *dcid)
{
	struct sock *sk;

	if (rx->sk && quic_cid_equal(&rx->dcid, dcid))
		return true;
	sk = quic_lookup(rx->udp->net, dcid->id, dcid->len);
	return sk && rx_turn_to(rx, sk, dcid, false);
}

/*
 * The same by a short header, whose ID begins at @id, with @len bytes to the datagram's
 * end: rx->dcid says how many of them it has.
 */
static bool rx_find_short(struct quic_rx *rx, const u8 *id, u32 len)
{
	struct quic_cid dcid;
	struct sock *sk;

	if (rx->sk && rx->issued && rx->dcid.len <= len &&
	    !memcmp(rx->dcid.id, id, rx->dcid.len))
		return true;
	sk = quic_lookup_short(rx->udp->net, id, len, &dcid);
	return sk && rx_turn_to(rx, sk, &dcid, true);
}

/* Keep the datagram from here on, at @hdr, until there are keys of @level. */
static void rx_park(struct quic_rx *rx, const struct quic_hdr *hdr, u32 off, u32 len,
		    u8 level)
{
	struct sock *sk = rx->sk;
	struct sk_buff *copy;

	if (!rx_passes(rx, sk)) {
		quic_mib_inc(rx->udp->net, DropFilter);
		return;
	}
	copy = quic_skb_dgram(rx->skb, off, len);
	if (!copy) {
		quic_mib_inc(rx->udp->net, DropMemory);
		return;
	}
	sock_hold(sk);
	rx_flush(rx);		/* what came before it goes before it */
	quic_rx_park(sk, rx->udp, copy, rx->dgram_len, level);
	/* once it waits: who makes keys feeds what does */
	quic_version_ask(sk, hdr->version);
	sock_put(sk);
}

/*
 * Return: are there keys to come for what cannot be opened now? Those of 0-RTT come
 * before the handshake's, or not at all: the server refuses it.
 */
static bool keys_to_come(const struct quic_sock *qs, u8 level)
{
	const struct quic_conn *conn = READ_ONCE(qs->conn);
	u32 gone;

	if (!conn)
		return false;
	gone = quic_conn_keys_discarded(conn);
	if (level == QUIC_CRYPTO_EARLY &&
	    (gone & BIT(QUIC_CRYPTO_HANDSHAKE) ||
	     rcu_access_pointer(qs->keys_rx[QUIC_CRYPTO_HANDSHAKE])))
		return false;
	return !(gone & BIT(level));
}

/* Where the keys of a packet are: of an Initial, by its version. */
static u8 keys_place(const struct quic_sock *qs, const struct quic_hdr *hdr, u8 level)
{
	const struct quic_keys *keys;

	if (likely(level != QUIC_CRYPTO_INITIAL))
		return level;
	keys = rcu_dereference(qs->keys_rx[level]);
	return !keys || keys->version == hdr->version ? level : QUIC_KEYS_OTHER;
}

/*
 * Collect one packet of rx->sk. Return: false: it waits for keys, the rest of the
 * datagram from here on is to be parked.
 */
static bool rx_collect(struct quic_rx *rx, const struct quic_hdr *hdr, u8 level, u32 off)
{
	struct quic_sock *qs = quic_sk(rx->sk);
	u8 place = keys_place(qs, hdr, level);
	struct quic_rx_slice *s;
	struct sock *sk;

	if (unlikely(!rcu_access_pointer(qs->keys_rx[place]))) {
		if (keys_to_come(qs, level))
			return false;
		quic_mib_inc(rx->udp->net, DropNoKeys);
		quic_rx_credit(rx->sk, rx->skb, rx->dgram_len);
		rx->dgram_len = 0;
		return true;
	}
	if (rx->n == QUIC_RX_SLICES) {
		sk = rx->sk;
		sock_hold(sk);
		rx_flush(rx);
		rx->sk = sk;
	}
	s = &rx->slices[rx->n++];
	s->off = off;
	s->len = hdr->len;
	s->dgram_len = rx->dgram_len;
	s->pn_off = hdr->pn_off;
	s->level = level;
	s->keys = place;
	s->early = false;
	if (unlikely(level != QUIC_CRYPTO_APP))
		s->scid = hdr->scid;
	rx->dgram_len = 0;
	return true;
}

/* ---- packets that nobody owns ---- */

/*
 * The listener that answers for this skb, borrowed; NULL: its port has none that
 * would have it, which is counted.
 */
static struct sock *rx_listener(struct quic_rx *rx)
{
	if (!rx->asked) {
		rx->asked = true;
		rx->listener = quic_guard_listener(rx->udp, rx->skb);
	}
	if (!rx->listener)
		quic_mib_inc(rx->udp->net, DropFilter);
	return rx->listener;
}

/* The bytes of a stateless reset's token. Return: is the datagram long enough for one? */
static bool rx_token(const struct quic_rx *rx, u32 off, u32 len, u8 *token)
{
	return len >= QUIC_RESET_MIN_LEN &&
	       !skb_copy_bits(rx->skb, off + len - QUIC_RESET_TOKEN_LEN, token,
			      QUIC_RESET_TOKEN_LEN);
}

/* The end of a datagram for @sk that cannot be opened: a stateless reset? */
static void rx_ends_in_token(struct quic_rx *rx, struct sock *sk, u32 off, u32 len)
{
	u8 token[QUIC_RESET_TOKEN_LEN];

	if (rx_token(rx, off, len, token) && rx_passes(rx, sk))
		quic_rx_unopened(sk, token, 0);
}

/*
 * A datagram that begins with nothing of ours. The peer may have lost its state and
 * answer with a stateless reset, whose ID is random, of any length from 21 bytes on, and
 * with any kind of header in a version to come (RFC 9000 10.3, 10.3.1).
 * Return: it is the reset of a connection.
 */
static bool rx_is_reset(struct quic_rx *rx, u32 off, u32 len)
{
	u8 token[QUIC_RESET_TOKEN_LEN];
	union quic_addr peer, local;
	struct sock *sk;

	if (!rx_token(rx, off, len, token))
		return false;
	quic_udp_addrs(rx->skb, &peer, &local);
	sk = quic_lookup_token(rx->udp, &peer, token);
	if (!sk)
		return false;
	if (rx_passes(rx, sk))
		quic_rx_unopened(sk, token, 0);
	sock_put(sk);
	return true;
}

/* RFC 9000 6.1: only to what could have been a client's first datagram. */
static void rx_unknown_version(struct quic_rx *rx, const struct quic_hdr *hdr, u32 dgram_len)
{
	struct sock *listener;

	BUILD_BUG_ON(QUIC_VERSIONS > QUIC_VERSIONS_MAX);
	quic_mib_inc(rx->udp->net, DropVersion);
	if (dgram_len < QUIC_MIN_UDP_PAYLOAD || hlist_empty(&rx->udp->listeners))
		return;
	listener = rx_listener(rx);
	if (listener)
		quic_answer_version(listener, rx->skb, hdr, quic_versions, QUIC_VERSIONS);
}

/* A client's first datagram, or noise (RFC 9000 14.1, 7.2). */
static void rx_new_initial(struct quic_rx *rx, const struct quic_hdr *hdr, u32 off, u32 len)
{
	struct quic_udp *udp = rx->udp;
	struct sock *listener;
	struct sk_buff *copy;
	bool room;

	/* one that has waited once for an embryo has found none */
	if (hlist_empty(&udp->listeners) || rx->past != QUIC_RX_FRESH) {
		quic_mib_inc(udp->net, DropUnknownCid);
		return;
	}
	if (len < QUIC_MIN_UDP_PAYLOAD || hdr->dcid.len < QUIC_INITIAL_DCID_MIN) {
		quic_mib_inc(udp->net, DropInitialSmall);
		return;
	}
	/* only a client with a token of ours may know that we do not mind (RFC 9287 3.1) */
	if (!quic_hdr_fixed_ok(hdr, hdr->token_len)) {
		quic_mib_inc(udp->net, DropHeader);
		return;
	}
	room = quic_listen_room(udp, rx->skb);
	if (!room && !quic_retry_wanted(udp)) {
		quic_mib_inc(udp->net, DropInitialQueue);
		return;
	}
	listener = rx_listener(rx);
	if (!listener || !quic_admit(udp, listener, rx->skb, hdr))
		return;
	if (!room) {
		quic_mib_inc(udp->net, DropInitialQueue);
		return;
	}
	/* data_ready may be here without a reference: one for the listener's work */
	if (!refcount_inc_not_zero(&udp->refs))
		return;
	copy = quic_skb_dgram(rx->skb, off, len);
	if (copy) {
		sock_hold(listener);
		copy->sk = listener;
		copy->destructor = sock_efree;
		quic_listen_initial(udp, copy);
	} else {
		quic_mib_inc(udp->net, DropMemory);
	}
	quic_udp_put(udp);
}

/*
 * 0-RTT before its Initial, which was overtaken, or waits for its embryo to be made.
 * Return: its connection is there, now: rx->sk.
 */
static bool rx_new_early(struct quic_rx *rx, const struct quic_hdr *hdr, u32 off, u32 len)
{
	struct quic_udp *udp = rx->udp;
	struct sk_buff *copy;

	if (hlist_empty(&udp->listeners) || rx->past != QUIC_RX_FRESH ||
	    hdr->dcid.len < QUIC_INITIAL_DCID_MIN) {
		quic_mib_inc(udp->net, DropUnknownCid);
		return false;
	}
	if (!quic_early_room(udp, rx->skb)) {
		quic_mib_inc(udp->net, DropEarly);
		return false;
	}
	if (!rx_listener(rx))
		return false;
	copy = quic_skb_dgram(rx->skb, off, len);
	if (!copy) {
		quic_mib_inc(udp->net, DropMemory);
		return false;
	}
	return !quic_early_keep(udp, copy, &hdr->dcid) && rx_find(rx, &hdr->dcid);
}

/* @off, @len as of rx_packet(). Return: it has a connection now. */
static bool rx_unowned(struct quic_rx *rx, const struct quic_hdr *hdr, u32 off, u32 len)
{
	if (hdr->type == QUIC_PKT_0RTT)
		return rx_new_early(rx, hdr, off, len);
	if (hdr->type == QUIC_PKT_INITIAL)
		rx_new_initial(rx, hdr, off, len);
	else
		quic_mib_inc(rx->udp->net, DropUnknownCid);
	return false;
}

/*
 * A short header with an ID that is not ours. We may have lost our state, and tell the
 * peer so, whatever else there is between the two addresses; not where the ID is a
 * connection's, at another port, or was lately: that one can speak for itself (RFC 9000
 * 11); and not if it is shorter than a packet with the least ID that we issue. A reset
 * that nobody knows makes no loop: answers are shorter (10.3.3).
 */
static void rx_unknown_short(struct quic_rx *rx, const u8 *p, u32 off, u32 len)
{
	struct sock *listener;
	struct quic_hdr hdr;
	bool packet;

	packet = !quic_hdr_parse(p, len, QUIC_CID_KEY_LEN, &hdr);
	if (packet)
		quic_mib_inc(rx->udp->net, DropUnknownCid);
	else
		quic_mib_inc(rx->udp->net, DropHeader);
	if (rx_is_reset(rx, off, len) || !packet || hlist_empty(&rx->udp->listeners) ||
	    quic_lookup_known(rx->udp->net, hdr.dcid.id))
		return;
	listener = rx_listener(rx);
	if (listener)
		quic_answer_reset(listener, rx->skb, &hdr.dcid, len);
}

/* Retry and Version Negotiation: to a client of ours that waits for its first answer. */
static void rx_first_answer(struct quic_rx *rx, const struct quic_hdr *hdr, const u8 *p)
{
	struct sock *sk = quic_lookup(rx->udp->net, hdr->dcid.id, hdr->dcid.len);

	if (hdr->type == QUIC_PKT_VERSION_NEG)
		quic_mib_inc(rx->udp->net, DropVersion);
	if (!sk || !quic_udp_is_of(rx->udp, sk))
		quic_mib_inc(rx->udp->net, DropUnknownCid);
	else if (!rx_passes(rx, sk))
		quic_mib_inc(rx->udp->net, DropFilter);
	else if (hdr->type == QUIC_PKT_VERSION_NEG)
		quic_version_neg_rx(sk, hdr);
	else if (rx_fixed_ok(sk, hdr))
		quic_retry_rx(sk, hdr, p, hdr->len);
	if (sk)
		sock_put(sk);
}

/* ---- datagrams ---- */

static u8 pkt_level(enum quic_pkt_type type)
{
	switch (type) {
	case QUIC_PKT_INITIAL:
		return QUIC_CRYPTO_INITIAL;
	case QUIC_PKT_0RTT:
		return QUIC_CRYPTO_EARLY;
	case QUIC_PKT_HANDSHAKE:
		return QUIC_CRYPTO_HANDSHAKE;
	default:
		return QUIC_CRYPTO_APP;
	}
}

/*
 * One packet, at @p, of a datagram that began with a long header. @len: from @off to
 * the end of the datagram; @whole: of all of it.
 * Return: go on with the next packet?
 */
static bool rx_packet(struct quic_rx *rx, const struct quic_hdr *hdr, const u8 *p, u32 off,
		      u32 len, u32 whole)
{
	u8 level = pkt_level(hdr->type);
	const struct quic_conn *conn;

	if (hdr->type != QUIC_PKT_1RTT && hdr->type != QUIC_PKT_VERSION_NEG &&
	    !quic_version_known(hdr->version)) {
		if (len == whole)
			rx_is_reset(rx, off, len);
		rx_unknown_version(rx, hdr, whole);
		return false;
	}
	if (hdr->type == QUIC_PKT_VERSION_NEG || hdr->type == QUIC_PKT_RETRY) {
		rx_first_answer(rx, hdr, p);
		return false;
	}
	if (!rx_find(rx, &hdr->dcid)) {
		if (len == whole)
			rx_is_reset(rx, off, len);
		if (!rx_unowned(rx, hdr, off, len))
			return false;
	}
	if (!rx_fixed_ok(rx->sk, hdr))
		return true;
	conn = READ_ONCE(quic_sk(rx->sk)->conn);
	if (hdr->version && conn &&
	    !quic_version_fits(conn, hdr->version, level)) {
		quic_mib_inc(rx->udp->net, DropVersion);
		return true;
	}
	if (conn && !quic_hdr_is_for(hdr, conn->server)) {
		quic_mib_inc(rx->udp->net, DropHeader);
		return true;
	}
	if (hdr->type == QUIC_PKT_INITIAL && conn && conn->server &&
	    whole < QUIC_MIN_UDP_PAYLOAD) {
		quic_mib_inc(rx->udp->net, DropInitialSmall);
		return false;
	}
	if (rx_collect(rx, hdr, level, off))
		return true;
	rx_park(rx, hdr, off, len, level);
	return false;
}

/* A datagram that lies in one piece at @p. RFC 9000 12.2. */
static void rx_coalesced(struct quic_rx *rx, const u8 *p, u32 off, u32 len)
{
	struct quic_cid first = {};
	struct quic_hdr hdr;
	u32 pos = 0;

	while (pos < len) {
		/* a short header can only follow: its ID has the length of the first */
		if (quic_hdr_parse(p + pos, len - pos, first.len, &hdr)) {
			quic_mib_inc(rx->udp->net, DropHeader);
			if (!pos)
				rx_is_reset(rx, off, len);
			return;
		}
		if (!pos)
			first = hdr.dcid;
		if (!quic_cid_equal(&first, &hdr.dcid))
			quic_mib_inc(rx->udp->net, DropHeader);
		else if (!rx_packet(rx, &hdr, p + pos, off + pos, len - pos, len))
			return;
		pos += hdr.len;
	}
}

static void rx_short(struct quic_rx *rx, const u8 *p, u32 off, u32 len)
{
	struct quic_hdr hdr;

	if (!rx_find_short(rx, p + 1, len - 1)) {
		rx_unknown_short(rx, p, off, len);
		return;
	}
	if (quic_hdr_parse(p, len, rx->dcid.len, &hdr)) {
		quic_mib_inc(rx->udp->net, DropHeader);
		rx_ends_in_token(rx, rx->sk, off, len);
		return;
	}
	if (rx_fixed_ok(rx->sk, &hdr) && !rx_collect(rx, &hdr, QUIC_CRYPTO_APP, off))
		rx_park(rx, &hdr, off, len, QUIC_CRYPTO_APP);
}

static void rx_skb(struct quic_udp *udp, struct sk_buff *skb, enum quic_rx_past past,
		   struct quic_rx_slice *slices, const struct quic_rx_owner *owner);

static void rx_dgram(struct quic_rx *rx, u32 off, u32 len)
{
	u8 buf[PEEK_LEN], *p;
	const u8 *head;
	struct sk_buff *copy;

	rx->dgram_len = rx->past == QUIC_RX_PARKED ? 0 : len;
	head = quic_walk_find(&rx->walk, off, min_t(u32, len, PEEK_LEN));
	if (unlikely(!head))
		head = skb_header_pointer(rx->skb, off, min_t(u32, len, PEEK_LEN), buf);
	if (!head) {
		quic_mib_inc(rx->udp->net, DropShort);
		return;
	}
	if (!(*head & 0x80)) {
		/* nothing is read behind the connection ID */
		rx_short(rx, head, off, len);
		return;
	}
	p = quic_walk_find(&rx->walk, off, len);
	if (p) {
		rx_coalesced(rx, p, off, len);
		return;
	}
	copy = quic_skb_dgram(rx->skb, off, len);
	if (!copy) {
		quic_mib_inc(rx->udp->net, DropMemory);
		return;
	}
	rx_flush(rx);		/* it owns the slices meanwhile */
	rx_skb(rx->udp, copy, rx->past, rx->slices, NULL);	/* linear: goes no deeper */
	consume_skb(copy);
}

/*
 * Does a packet at @p begin as those of rx->sk do, with a short header? @fixed: bits of the
 * first byte that have to be set.
 */
static bool rx_begins_alike(const struct quic_rx *rx, const u8 *p, u8 fixed)
{
	const u8 *id = rx->dcid.id;

	if ((*p & (0x80 | fixed)) != fixed)
		return false;
	/* the usual length, of which the compiler makes one comparison */
	return likely(rx->dcid.len == QUIC_CID_KEY_LEN) ?
	       !memcmp(p + 1, id, QUIC_CID_KEY_LEN) : !memcmp(p + 1, id, rx->dcid.len);
}

/*
 * Datagrams of a train, of @size bytes from @off on, that begin as the one before, which
 * was one packet with a short header: nothing else is to be found out of them.
 * Return: where the first one begins that has to be looked at.
 */
static u32 rx_alike(struct quic_rx *rx, u32 off, u32 size)
{
	const struct quic_rx_slice *last;
	const struct quic_conn *conn;
	struct quic_rx_slice *s;
	const u8 *p;
	u8 fixed;

	if (!rx->n || !rx->issued)
		return off;
	s = &rx->slices[rx->n];
	last = s - 1;
	if (last->level != QUIC_CRYPTO_APP || last->off + size != off || last->len != size)
		return off;
	conn = READ_ONCE(quic_sk(rx->sk)->conn);
	fixed = conn && quic_conn_greases(conn) ? 0 : QUIC_HDR_FIXED;
	for (; rx->n < QUIC_RX_SLICES && off + size <= rx->skb->len; off += size) {
		p = quic_walk_find(&rx->walk, off, 1 + rx->dcid.len);
		if (!p || !rx_begins_alike(rx, p, fixed))
			break;
		s->off = off;
		s->len = size;
		s->dgram_len = last->dgram_len;
		s->pn_off = last->pn_off;
		s->level = QUIC_CRYPTO_APP;
		s->keys = last->keys;
		s->early = false;
		s++;
		rx->n++;
	}
	return off;
}

static void rx_skb(struct quic_udp *udp, struct sk_buff *skb, enum quic_rx_past past,
		   struct quic_rx_slice *slices, const struct quic_rx_owner *owner)
{
	struct quic_rx rx = {
		.udp = udp,
		.skb = skb,
		.slices = slices,
		.ecn = quic_skb_ecn(skb),
		.past = past,
		.passes = true,
	};
	u32 size = skb->len, off, next;

	if (owner && owner->sk) {
		rx.sk = owner->sk;
		rx.dcid = owner->dcid;
		rx.issued = true;
	}
	if (skb_is_gso(skb))
		size = skb_shinfo(skb)->gso_size;
	quic_walk_init(&rx.walk, skb);
	for (off = 0; off < skb->len; off = next) {
		rx_dgram(&rx, off, min(size, skb->len - off));
		next = rx_alike(&rx, off + size, size);
	}
	rx_flush(&rx);
	if (rx.listener)
		sock_put(rx.listener);
}

void quic_udp_rcv(struct quic_udp *udp, struct sk_buff *skb, enum quic_rx_past past,
		  const struct quic_rx_owner *owner)
{
	struct rx_pcpu *cpu = this_cpu_ptr(&rx_pcpu);
	bool taken = false;

	skb->dev = NULL;	/* the receive queue kept other things there */
	if (!skb->len) {
		quic_mib_inc(udp->net, DropShort);
	} else if (!skb_csum_unnecessary(skb) && __skb_checksum_complete(skb)) {
		quic_mib_inc(udp->net, DropChecksum);
	} else if (WARN_ON_ONCE(cpu->busy)) {
		quic_mib_inc(udp->net, DropMemory);
	} else {
		cpu->busy = true;
		rcu_read_lock();
		rx_skb(udp, skb, past, cpu->slices, owner);
		rcu_read_unlock();
		cpu->busy = false;
		taken = true;
	}
	if (unlikely(!taken) && owner && owner->sk)
		sock_put(owner->sk);
	consume_skb(skb);
}
