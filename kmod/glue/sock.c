// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a QUIC socket: made by socket(2) or for an incoming connection,
 * joined to a connection of the core, parted from it, freed.
 *
 *   socket(2) --> plain --connect--> attached --core CLOSED--> detached --> freed
 *                   |                    ^
 *                   +--listen            +-- quic_sock_child(), first Initial
 *
 * References: one is the creator's (the file's; of a child, the embryo's until
 * accept() makes it the file's) and one the connection's, from
 * quic_sock_attach_conn() to quic_sock_detach(). So a connection outlives the
 * process that closed it. Timers, work and the handshake hold their own.
 *
 * The core's connection is freed with the socket only: what is unread and the
 * statistics outlive the end of the connection, and readers without the lock
 * (poll, procfs) may look at it for as long as they may look at the socket.
 *
 * Freeing waits for a grace period (SOCK_RCU_FREE): lookup.c hands out sockets
 * under RCU.
 *
 * The calls of the socket interface are in sock_calls.c and sock_poll.c.
 */
#include <linux/percpu_counter.h>
#include <linux/tls.h>
#include <net/inet_common.h>
#include <net/transp_v6.h>
#include <net/xfrm.h>

#include "token.h"
#include "path.h"
#include "../core/wire_hdr.h"

/* ---- the namespace's list ---- */

static void sock_list(struct sock *sk)
{
	struct quic_net *qn = quic_pernet(sock_net(sk));

	spin_lock_bh(&qn->socks_lock);
	if (list_empty(&quic_sk(sk)->net_node))
		list_add_tail(&quic_sk(sk)->net_node, &qn->socks);
	spin_unlock_bh(&qn->socks_lock);
}

static void sock_unlist(struct sock *sk)
{
	struct quic_net *qn;

	/* nobody but the socket's own end takes it out */
	if (list_empty(&quic_sk(sk)->net_node))
		return;
	qn = quic_pernet(sock_net(sk));
	spin_lock_bh(&qn->socks_lock);
	list_del_init(&quic_sk(sk)->net_node);
	spin_unlock_bh(&qn->socks_lock);
}

/*
 * Neither a user nor a connection is left. A namespace may go away before the
 * grace period of its last socket ends (sockets of the kernel do not hold it),
 * so this is the last time that we touch it.
 */
static void sock_gone(struct sock *sk)
{
	sock_unlist(sk);
	xfrm_sk_free_policy(sk);
}

/* ---- making and freeing ---- */

static void free_keys(struct sock *sk)
{
	struct quic_sock *quic = quic_sk(sk);
	struct quic_keys *keys;
	u32 i;

	for (i = 0; i < QUIC_KEYS_MAX; i++) {
		/* lock held, or the last user of the socket */
		keys = rcu_replace_pointer(quic->keys_rx[i], NULL, true);
		quic_phase_free(keys);
		quic_phase_free(quic->keys_tx[i]);
		quic->keys_tx[i] = NULL;
	}
}

/*
 * sk->sk_destruct: after the grace period, in softirq; nobody else can reach the
 * socket. Whatever the connection holds is charged to the socket, so it goes
 * first; the generic destructors then complain about what is still charged.
 */
static void quic_sock_destruct(struct sock *sk)
{
	struct quic_sock *quic = quic_sk(sk);

	sock_gone(sk);
	if (quic->conn)
		quic_conn_destroy(quic->conn);
	free_keys(sk);
	skb_queue_purge(&quic->pending);
	quic_config_free(&quic->cfg);
	kvfree(quic->peer_chain);
	kfree(quic->first_answer);
	kfree(quic->paths);
	WARN_ON_ONCE(quic->udp);
	WARN_ON_ONCE(quic->hs);
	percpu_counter_dec(&quic_sockets_allocated);
	sock_set_flag(sk, SOCK_DEAD);	/* a child that nobody accepted is not */
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		inet6_sock_destruct(sk);
	else
#endif
		inet_sock_destruct(sk);
}

/*
 * Our lock is held while a kernel UDP socket is made, bound and so locked, which
 * lockdep must not take for the same lock twice.
 */
static struct lock_class_key lock_keys[2], slock_keys[2];

static void init_lock_class(struct sock *sk)
{
	if (sk->sk_family == AF_INET6)
		sock_lock_init_class_and_name(sk, "slock-AF_INET6-QUIC", &slock_keys[1],
					      "sk_lock-AF_INET6-QUIC", &lock_keys[1]);
	else
		sock_lock_init_class_and_name(sk, "slock-AF_INET-QUIC", &slock_keys[0],
					      "sk_lock-AF_INET-QUIC", &lock_keys[0]);
}

/*
 * IP is to send what the core has built, whatever ICMP messages have made of the route's
 * MTU: their word is worth what icmp.c finds it is.
 */
static void ignore_icmp(struct sock *sk)
{
	inet_sk(sk)->pmtudisc = IP_PMTUDISC_PROBE;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		inet_sk(sk)->pinet6->pmtudisc = IPV6_PMTUDISC_PROBE;
#endif
}

/**
 * quic_sock_init - fields and defaults of a fresh socket
 * @sk: zeroed by sk_alloc(), sock_init_data() done
 *
 * sk_prot->init; also for children. Context: process. Return: 0.
 */
int quic_sock_init(struct sock *sk)
{
	struct quic_sock *quic = quic_sk(sk);

	init_lock_class(sk);
	quic_config_init(&quic->cfg);
	quic->cfg.cid_len = READ_ONCE(quic_pernet(sock_net(sk))->cid_len);
	if (quic_one(sk))
		quic_one_init(sk);
	INIT_LIST_HEAD(&quic->net_node);
	quic_timers_init(sk);	/* its lists and queues, too */
	sock_set_flag(sk, SOCK_RCU_FREE);
	sk->sk_destruct = quic_sock_destruct;
	sk->sk_write_space = quic_write_space;
	sk->sk_sndbuf = READ_ONCE(quic_sysctl_wmem[1]);
	sk->sk_rcvbuf = READ_ONCE(quic_sysctl_rmem[1]);
	ignore_icmp(sk);
	sk->sk_state = TCP_CLOSE;
	percpu_counter_inc(&quic_sockets_allocated);
	sock_list(sk);
	return 0;
}

/* What inet_create() and inet6_create() set, as far as a connection needs it. */
static void child_inet_init(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	sk->sk_protocol = IPPROTO_QUIC;
	sk->sk_type = SOCK_DGRAM;	/* until quic_sock_inherit() */
	inet->uc_ttl = -1;
	inet->mc_ttl = 1;
	inet->rcv_tos = 0;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		inet->pinet6 = &((struct quic6_sock *)sk)->inet6;
		inet->pinet6->hop_limit = -1;
		inet->pinet6->mcast_hops = IPV6_DEFAULT_MCASTHOPS;
	}
#endif
}

/* IPv4 is IPv4, also through an IPv6 socket. */
static void addr_unmap(union quic_addr *a)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	if (a->sa.sa_family != AF_INET6 || !ipv6_addr_v4mapped(&a->v6.sin6_addr))
		return;
	v4.sin_port = a->v6.sin6_port;
	v4.sin_addr.s_addr = a->v6.sin6_addr.s6_addr32[3];
	a->v4 = v4;
}

/* Struct sock as socket(2) would make it. It holds the namespace, as a user's. */
static struct sock *child_alloc(struct quic_udp *udp)
{
	int family = udp->sock->sk->sk_family;
	struct net *net = maybe_get_net(udp->net);
	struct sock *sk;

	if (!net)
		return NULL;
	sk = quic_may_fail(QUIC_FAIL_SOCK,
			   sk_alloc(net, family, GFP_KERNEL,
				    family == AF_INET6 ? &quicv6_prot : &quic_prot, 0));
	put_net(net);
	if (!sk)
		return NULL;
	sock_init_data(NULL, sk);
	child_inet_init(sk);
	quic_sock_init(sk);
	return sk;
}

struct sock *quic_sock_child(struct quic_udp *udp, const union quic_addr *peer,
			     const union quic_addr *local)
{
	struct sock *sk = child_alloc(udp);
	struct quic_sock *quic = quic_sk(sk);

	if (!sk)
		return NULL;
	quic_udp_hold(udp);
	quic->udp = udp;
	quic->peer = *peer;
	quic->local = *local;
	addr_unmap(&quic->peer);
	addr_unmap(&quic->local);
	sk->sk_bound_dev_if = udp->dev;
	quic_sock_set_addrs(sk);
	return sk;
}

static void set_addrs_v4(struct sock *sk, const struct sockaddr_in *local,
			 const struct sockaddr_in *peer)
{
	struct inet_sock *inet = inet_sk(sk);

	if (local->sin_family == AF_INET) {
		inet->inet_rcv_saddr = local->sin_addr.s_addr;
		inet->inet_saddr = local->sin_addr.s_addr;
	}
	if (peer->sin_family == AF_INET)
		inet->inet_daddr = peer->sin_addr.s_addr;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family != AF_INET6)
		return;
	if (local->sin_family == AF_INET) {
		ipv6_addr_set_v4mapped(inet->inet_saddr, &sk->sk_v6_rcv_saddr);
		ipv6_addr_set_v4mapped(inet->inet_saddr, &inet->pinet6->saddr);
	}
	if (peer->sin_family == AF_INET)
		ipv6_addr_set_v4mapped(inet->inet_daddr, &sk->sk_v6_daddr);
#endif
}

static void set_addrs_v6(struct sock *sk, const struct sockaddr_in6 *local,
			 const struct sockaddr_in6 *peer)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (local->sin6_family == AF_INET6) {
		sk->sk_v6_rcv_saddr = local->sin6_addr;
		inet_sk(sk)->pinet6->saddr = local->sin6_addr;
	}
	if (peer->sin6_family == AF_INET6)
		sk->sk_v6_daddr = peer->sin6_addr;
#endif
}

void quic_sock_set_addrs(struct sock *sk)
{
	struct quic_sock *quic = quic_sk(sk);
	struct inet_sock *inet = inet_sk(sk);

	/* the port is in the same place in both families */
	if (quic->local.sa.sa_family) {
		inet->inet_sport = quic->local.v4.sin_port;
		inet->inet_num = ntohs(inet->inet_sport);
	}
	if (quic->peer.sa.sa_family)
		inet->inet_dport = quic->peer.v4.sin_port;
	set_addrs_v4(sk, &quic->local.v4, &quic->peer.v4);
	if (sk->sk_family == AF_INET6)
		set_addrs_v6(sk, &quic->local.v6, &quic->peer.v6);
}

/* ---- what a child takes over ---- */

static void inherit_ip(struct sock *sk, const struct sock *listener)
{
	struct inet_sock *inet = inet_sk(sk);
	const struct inet_sock *from = inet_sk(listener);

	inet->tos = from->tos;
	inet->uc_ttl = from->uc_ttl;
	inet->pmtudisc = from->pmtudisc;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && listener->sk_family == AF_INET6) {
		inet->pinet6->tclass = from->pinet6->tclass;
		inet->pinet6->hop_limit = from->pinet6->hop_limit;
		inet->pinet6->pmtudisc = from->pinet6->pmtudisc;
	}
#endif
}

int quic_sock_inherit(struct sock *sk, const struct sock *listener)
{
	struct quic_sock *quic = quic_sk(sk);
	const struct quic_sock *from = quic_sk(listener);
	int err;

	quic_config_free(&quic->cfg);
	err = quic_config_copy(&quic->cfg, &from->cfg);
	if (err)
		return err;
	sk->sk_type = listener->sk_type;
	quic->close_code = from->close_code;
	memcpy(quic->close_phrase, from->close_phrase, sizeof(quic->close_phrase));
	sk->sk_userlocks = listener->sk_userlocks & (SOCK_SNDBUF_LOCK | SOCK_RCVBUF_LOCK);
	sk->sk_sndbuf = READ_ONCE(listener->sk_sndbuf);
	sk->sk_rcvbuf = READ_ONCE(listener->sk_rcvbuf);
	sk->sk_sndtimeo = listener->sk_sndtimeo;
	sk->sk_rcvtimeo = listener->sk_rcvtimeo;
	sk->sk_max_pacing_rate = READ_ONCE(listener->sk_max_pacing_rate);
	if (sock_flag(listener, SOCK_LINGER)) {
		sock_set_flag(sk, SOCK_LINGER);
		sk->sk_lingertime = READ_ONCE(listener->sk_lingertime);
	}
	inherit_ip(sk, listener);
	quic_guard_inherit(sk, listener);
	return 0;
}

/* ---- the connection ---- */

/*
 * A user who fixed SO_RCVBUF has said what may be held for him: promise the peer
 * no more than half of it, the other half is what skbs weigh beside their bytes.
 */
void quic_sock_limit_windows(struct sock *sk)
{
	struct quic_tparams *tp = &quic_sk(sk)->cfg.tp;
	u64 max = READ_ONCE(sk->sk_rcvbuf) / 2;

	if (!(sk->sk_userlocks & SOCK_RCVBUF_LOCK))
		return;
	tp->initial_max_data = min(tp->initial_max_data, max);
	tp->initial_max_stream_data_bidi_local =
		min(tp->initial_max_stream_data_bidi_local, max);
	tp->initial_max_stream_data_bidi_remote =
		min(tp->initial_max_stream_data_bidi_remote, max);
	tp->initial_max_stream_data_uni = min(tp->initial_max_stream_data_uni, max);
}

void quic_random_cid(struct quic_cid *cid, u8 len)
{
	u8 id[QUIC_CID_MAX_LEN];

	get_random_bytes(id, len);
	quic_cid_set(cid, id, len);
}

/*
 * What a client's token says of it. After a Retry the destination of the Initial at
 * hand is the Retry's, and the one of the very first stands in the token.
 */
static void set_admission(struct quic_conn_params *p, const struct quic_hdr *hdr,
			  const struct quic_admission *ad)
{
	p->addr_validated = ad->verdict == QUIC_TOKEN_GOOD_RETRY ||
			    ad->verdict == QUIC_TOKEN_GOOD_NEW;
	p->retried = ad->verdict == QUIC_TOKEN_GOOD_RETRY;
	if (!p->retried)
		return;
	p->retry_scid = hdr->dcid;
	p->odcid = ad->odcid;
}

static struct quic_conn *make_conn(struct sock *sk, const struct quic_hdr *hdr,
				   const struct quic_admission *ad,
				   struct quic_cid *odcid)
{
	const struct quic_sock_config *cfg = &quic_sk(sk)->cfg;
	struct quic_conn_params p = {
		.host = sk,
		.server = !!hdr,
		.version = hdr ? hdr->version : cfg->version,
		.local = cfg->tp,
		.cc = quic_cc_find(cfg->cc_algo),
		.initial_rtt = cfg->initial_rtt_us * QUIC_NS_PER_US,
		.max_mtu = quic_route_mtu(sk),
		.handshake_timeout = cfg->handshake_timeout_ms * QUIC_NS_PER_MS,
		.no_ecn = !READ_ONCE(quic_sysctl_ecn),
		.token = cfg->token,
		.token_len = cfg->token_len,
	};
	struct quic_conn *conn;

	quic_random_cid(&p.scid, cfg->cid_len);
	if (hdr) {
		p.dcid = hdr->scid;
		p.odcid = hdr->dcid;
		*odcid = hdr->dcid;
		set_admission(&p, hdr, ad);
	} else {
		quic_random_cid(&p.dcid, QUIC_INITIAL_DCID_MIN);
		*odcid = p.dcid;
	}
	conn = quic_conn_create(&p, quic_now());
	if (conn)
		quic_conn_set_pmtud(conn, cfg->pmtud, cfg->pmtud_raise_us * QUIC_NS_PER_US);
	return conn;
}

int quic_initial_keys(u32 version, bool server, const struct quic_cid *cid,
		      struct quic_keys **rx, struct quic_keys **tx)
{
	const struct quic_cipher *cipher = quic_cipher_find(TLS_CIPHER_AES_GCM_128);
	u8 secret[2][32];		/* [0] the client's */
	int err;

	if (!cipher)
		return -EOPNOTSUPP;
	err = quic_initial_secrets(version, cid, secret[0], secret[1]);
	if (err)
		goto out;
	*rx = quic_keys_create(cipher, version, secret[!server]);
	err = PTR_ERR_OR_ZERO(*rx);
	if (err)
		goto out;
	*tx = quic_keys_create(cipher, version, secret[server]);
	err = PTR_ERR_OR_ZERO(*tx);
	if (err)
		quic_keys_free(*rx);
out:
	memzero_explicit(secret, sizeof(secret));
	return err;
}

void quic_initial_keys_set(struct sock *sk, struct quic_keys *rx, struct quic_keys *tx)
{
	struct quic_sock *quic = quic_sk(sk);

	quic_keys_free(quic->keys_tx[QUIC_CRYPTO_INITIAL]);
	quic->keys_tx[QUIC_CRYPTO_INITIAL] = tx;
	quic_keys_free(rcu_replace_pointer(quic->keys_rx[QUIC_CRYPTO_INITIAL], rx, true));
	quic_version_forget(sk);
}

static void unpublish_cids(struct quic_sock *quic)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(quic->cids); i++) {
		if (quic->cids[i])
			quic_lookup_del(quic->cids[i]);
		quic->cids[i] = NULL;
	}
	for (i = 0; i < ARRAY_SIZE(quic->cids_gone); i++) {
		if (quic->cids_gone[i])
			quic_lookup_del(quic->cids_gone[i]);
		quic->cids_gone[i] = NULL;
	}
	quic_lookup_drop_tokens(&quic->inet.sk);
}

static int publish_cid(struct sock *sk, u32 slot, const struct quic_cid *cid, u64 seq)
{
	struct quic_cid_entry *e = quic_lookup_add(sk, cid, seq);

	if (IS_ERR(e))
		return PTR_ERR(e);
	quic_sk(sk)->cids[slot] = e;
	return 0;
}

/* From here on packets find the socket. @odcid: a server's only. */
static int publish_cids(struct sock *sk, const struct quic_cid *odcid)
{
	struct quic_sock *quic = quic_sk(sk);
	const struct quic_cid *cid;
	int err = 0;
	u64 seq;
	u32 i;

	for (i = 0; i < QUIC_LOCAL_CIDS && !err; i++) {
		cid = quic_conn_local_cid(quic->conn, i, &seq);
		if (cid)
			err = publish_cid(sk, i, cid, seq);
	}
	if (!err && odcid)
		err = publish_cid(sk, QUIC_LOCAL_CIDS, odcid, U64_MAX);
	if (err)
		unpublish_cids(quic);
	return err;
}

int quic_sock_attach_conn(struct sock *sk, const struct quic_hdr *hdr,
			  const struct quic_admission *ad)
{
	struct quic_sock *quic = quic_sk(sk);
	struct quic_keys *rx, *tx;
	struct quic_conn *conn;
	struct quic_cid odcid;
	int err;

	conn = make_conn(sk, hdr, ad, &odcid);
	if (!conn)
		return -ENOMEM;
	err = quic_initial_keys(conn->version, conn->server, &odcid, &rx, &tx);
	if (err)
		goto free_conn;
	quic_initial_keys_set(sk, rx, tx);
	/* poll() and procfs look at it without the lock */
	smp_store_release(&quic->conn, conn);
	/* the lock is held: a packet that finds the socket now waits for it */
	err = publish_cids(sk, hdr ? &odcid : NULL);
	if (err)
		goto unset_conn;
	sock_hold(sk);
	quic->attached = true;
	inet_sk_set_state(sk, hdr ? TCP_SYN_RECV : TCP_SYN_SENT);
	return 0;

unset_conn:
	WRITE_ONCE(quic->conn, NULL);
	free_keys(sk);
	synchronize_rcu();	/* poll() and packets on their way here may look */
free_conn:
	quic_conn_destroy(conn);
	return err;
}

void quic_sock_failed(struct sock *sk, int err, const char *text)
{
	struct quic_sock *quic = quic_sk(sk);

	if (text)
		strscpy(quic->reason, text, sizeof(quic->reason));
	if (quic->ended)
		return;
	quic->end_errno = err;
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	/* pairs with poll(): who sees @ended sees the rest */
	smp_store_release(&quic->ended, true);
	inet_sk_set_state(sk, TCP_CLOSE);
	if (err) {
		WRITE_ONCE(sk->sk_err, err);
		sk_error_report(sk);
	}
	sk->sk_state_change(sk);
}

/*
 * One step per line of what a live connection holds outside the core:
 *  handshake: the worker is told, its reference dropped
 *  counters
 *  connection IDs: no packet finds the socket any more
 *  keys: after a grace period; packets being opened meanwhile are dropped later
 *  timers, work, backlog: their references dropped, by themselves if they run
 *  parked datagrams, UDP sockets, route
 * and last the connection's own reference.
 */
void quic_sock_detach(struct sock *sk)
{
	struct quic_sock *quic = quic_sk(sk);

	quic_hs_end(sk);
	quic_settle_uncount(sk);
	quic_sock_unorphan(sk);
	unpublish_cids(quic);
	free_keys(sk);
	quic_timers_stop(sk);
	skb_queue_purge(&quic->pending);
	quic_path_release(sk);
	if (quic->udp) {
		quic_udp_put(quic->udp);
		quic->udp = NULL;
	}
	sk_dst_reset(sk);
	inet_sk_set_state(sk, TCP_CLOSE);
	if (!sk->sk_socket)
		sock_gone(sk);
	if (quic->attached) {
		quic->attached = false;
		sock_put(sk);
	}
}
