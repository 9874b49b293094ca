// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of the quic_hs family from the kernel to a worker: START, CRYPTO,
 * ABORT. What each holds is said in include/uapi/linux/quic_hs.h.
 *
 * A message is made whole or not sent. TLS bytes go from the core right into the
 * message. A client's START may hold a private key, and the kernel frees netlink
 * messages without zeroising them: a clone stays with the handshake until the worker
 * shows that it has read it, or the handshake ends; then the key's bytes, which the
 * clone shares with whoever has the message, are zeroised. For that the message is
 * made in the size that it needs, as netlink copies those that are mostly empty.
 *
 * Delivery happens under quic_hs_lock with the worker known to be alive: its
 * socket then still holds its namespace, which is not otherwise held here.
 */
#include <net/genetlink.h>
#include <net/netlink.h>

#include "handshake.h"

#define CRYPTO_CHUNK	3584	/* a message and its skb's tail in one page */
#define IP_TEXT		(sizeof("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") - 1)
#define TEXT_ROOM(max)	nla_total_size((max) + 1)
#define LISTENER_ROOM	(nla_total_size(0) + 5 * nla_total_size(4) + \
			 TEXT_ROOM(QUIC_ALPN_MAX_LEN) + TEXT_ROOM(253) + \
			 TEXT_ROOM(63) + 2 * nla_total_size(QUIC_HS_TPARAMS_MAX))

static struct sk_buff *msg_new(const struct quic_hs *hs, u8 cmd, size_t room, gfp_t gfp,
			       void **hdr)
{
	struct sk_buff *skb = quic_may_fail(QUIC_FAIL_HS,
					    genlmsg_new(nla_total_size_64bit(8) + room, gfp));

	if (!skb)
		return NULL;
	*hdr = genlmsg_put(skb, 0, 0, &quic_hs_family, 0, cmd);
	if (*hdr && !nla_put_u64_64bit(skb, QUIC_HS_A_ID, hs->id, QUIC_HS_A_PAD))
		return skb;
	nlmsg_free(skb);
	return NULL;
}

/* @skb: consumed. */
static int msg_send(const struct quic_hs *hs, struct sk_buff *skb, void *hdr)
{
	const struct quic_hs_worker *w = hs->worker;
	int err;

	genlmsg_end(skb, hdr);
	spin_lock_bh(&quic_hs_lock);
	if (!w->dead) {
		err = genlmsg_unicast(w->net, skb, w->portid);
	} else {
		err = -ECONNREFUSED;
		nlmsg_free(skb);
	}
	spin_unlock_bh(&quic_hs_lock);
	return err;
}

/* ---- START ---- */

static int put_text(struct sk_buff *skb, int attr, const char *text)
{
	return *text ? nla_put_string(skb, attr, text) : 0;
}

/* Without a name it is the address that is verified. */
static int put_server_name(struct sk_buff *skb, const struct quic_sock *qs)
{
	char ip[IP_TEXT + 1];

	if (qs->cfg.server_name[0])
		return nla_put_string(skb, QUIC_HS_A_SERVER_NAME, qs->cfg.server_name);
	if (qs->peer.sa.sa_family == AF_INET)
		snprintf(ip, sizeof(ip), "%pI4", &qs->peer.v4.sin_addr);
	else
		snprintf(ip, sizeof(ip), "%pI6c", &qs->peer.v6.sin6_addr);
	return nla_put_string(skb, QUIC_HS_A_SERVER_NAME, ip);
}

static int put_pins(struct sk_buff *skb, const struct quic_sock_config *cfg)
{
	u32 i;

	for (i = 0; i < cfg->n_pins; i++)
		if (nla_put(skb, QUIC_HS_A_PIN, sizeof(cfg->pins[i]), cfg->pins[i]))
			return -EMSGSIZE;
	return 0;
}

static int put_client(struct sk_buff *skb, const struct quic_sock *qs)
{
	const struct quic_sock_config *cfg = &qs->cfg;
	u8 tp[QUIC_HS_TPARAMS_MAX];
	int len = quic_conn_local_tparams(qs->conn, tp, sizeof(tp));

	if (len < 0 ||
	    nla_put(skb, QUIC_HS_A_TPARAMS, len, tp) ||
	    nla_put_u32(skb, QUIC_HS_A_VERIFY, cfg->verify) ||
	    put_server_name(skb, qs) ||
	    put_text(skb, QUIC_HS_A_ALPN, cfg->alpn) ||
	    put_text(skb, QUIC_HS_A_PROFILE, cfg->profile) ||
	    put_pins(skb, cfg))
		return -EMSGSIZE;
	/* the last one: quic_hs_forget_start() finds it at the end */
	if (!cfg->credential_len)
		return 0;
	return nla_put(skb, QUIC_HS_A_CREDENTIAL, cfg->credential_len, cfg->credential);
}

void quic_hs_forget_start(struct quic_hs *hs)
{
	struct sk_buff *skb = hs->start;
	u32 len = hs->credential_len;

	if (!skb)
		return;
	hs->start = NULL;
	memzero_explicit(skb_tail_pointer(skb) - NLA_ALIGN(len), len);
	kfree_skb(skb);
}

/*
 * Another version than the client's that the listener was given to go on with: version
 * 1 is what a listener has that was given none.
 */
static int put_version(struct sk_buff *skb, const struct quic_sock *qs,
		       const struct quic_sock *lq)
{
	u32 version = lq->cfg.version;
	u8 tp[QUIC_HS_TPARAMS_MAX];
	int len;

	if (version == QUIC_VERSION_V1 || version == qs->conn->version || lq->cfg.tp.one_version)
		return 0;
	len = quic_conn_encode_tparams(qs->conn, &lq->cfg.tp, version, tp, sizeof(tp));
	if (len < 0 || nla_put_u32(skb, QUIC_HS_L_VERSION, version))
		return -EMSGSIZE;
	return nla_put(skb, QUIC_HS_L_VERSION_TPARAMS, len, tp);
}

/* @listener: locked. */
static int put_listener(struct sk_buff *skb, const struct quic_sock *qs,
			const struct sock *listener)
{
	const struct quic_sock *lq = quic_sk(listener);
	u8 tp[QUIC_HS_TPARAMS_MAX];
	struct nlattr *nest;
	int len;

	len = quic_conn_encode_tparams(qs->conn, &lq->cfg.tp, qs->conn->version, tp,
				       sizeof(tp));
	nest = nla_nest_start(skb, QUIC_HS_A_LISTENER);
	if (len < 0 || !nest ||
	    nla_put_u32(skb, QUIC_HS_L_ID, lq->listener_id) ||
	    put_text(skb, QUIC_HS_L_ALPN, lq->cfg.alpn) ||
	    put_text(skb, QUIC_HS_L_SNI, lq->cfg.server_name) ||
	    put_text(skb, QUIC_HS_L_PROFILE, lq->cfg.profile) ||
	    nla_put(skb, QUIC_HS_L_TPARAMS, len, tp) ||
	    nla_put_u32(skb, QUIC_HS_L_UID,
			from_kuid_munged(&init_user_ns, listener->sk_uid)) ||
	    nla_put_u32(skb, QUIC_HS_L_CERT_REQUEST, lq->cfg.cert_request) ||
	    (lq->cfg.cipher && nla_put_u32(skb, QUIC_HS_L_CIPHER, lq->cfg.cipher)) ||
	    put_version(skb, qs, lq))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_server(struct sk_buff *skb, const struct quic_sock *qs,
		      struct sock **listeners, u32 n)
{
	size_t len = qs->peer.sa.sa_family == AF_INET ? sizeof(qs->peer.v4) :
							sizeof(qs->peer.v6);
	int err = nla_put(skb, QUIC_HS_A_PEER, len, &qs->peer);
	u32 i;

	for (i = 0; i < n && !err; i++) {
		/* The embryo's lock is held: listen.c says why this cannot cross. */
		lock_sock_nested(listeners[i], SINGLE_DEPTH_NESTING);
		if (listeners[i]->sk_state == TCP_LISTEN)
			err = put_listener(skb, qs, listeners[i]);
		release_sock(listeners[i]);
	}
	return err;
}

/*
 * Whose handshake is it? A client's socket belongs to who made it. An embryo has no
 * user; the port's is the best answer, and each listener carries its own.
 */
static void owner(const struct quic_hs *hs, u32 *uid, u32 *gid)
{
	struct sock *sk = hs->sk;
	kgid_t kgid = INVALID_GID;
	kuid_t kuid;

	read_lock_bh(&sk->sk_callback_lock);
	kuid = quic_sk(sk)->conn->server ? quic_sk(sk)->udp->uid : sk->sk_uid;
	if (sk->sk_socket)
		kgid = SOCK_INODE(sk->sk_socket)->i_gid;
	read_unlock_bh(&sk->sk_callback_lock);
	*uid = from_kuid_munged(&init_user_ns, kuid);
	*gid = from_kgid_munged(&init_user_ns, kgid);
}

static u32 timeout_ms(const struct quic_conn *conn)
{
	u64 now = quic_now();

	if (conn->handshake_deadline <= now)
		return 1;
	return min_t(u64, (conn->handshake_deadline - now) / QUIC_NS_PER_MS + 1, U32_MAX);
}

static int put_common(struct sk_buff *skb, const struct quic_hs *hs)
{
	const struct quic_sock *qs = quic_sk(hs->sk);
	u32 role = qs->conn->server ? QUIC_HS_ROLE_SERVER : QUIC_HS_ROLE_CLIENT;
	u32 uid, gid;

	owner(hs, &uid, &gid);
	if (nla_put_u32(skb, QUIC_HS_A_ROLE, role) ||
	    nla_put_u32(skb, QUIC_HS_A_VERSION, qs->conn->version) ||
	    nla_put_u32(skb, QUIC_HS_A_UID, uid) ||
	    nla_put_u32(skb, QUIC_HS_A_GID, gid) ||
	    nla_put_u64_64bit(skb, QUIC_HS_A_NETNS, sock_net(hs->sk)->net_cookie,
			      QUIC_HS_A_PAD) ||
	    nla_put_u32(skb, QUIC_HS_A_TIMEOUT, timeout_ms(qs->conn)) ||
	    nla_put_u32(skb, QUIC_HS_A_CIPHERS, quic_cipher_mask()))
		return -EMSGSIZE;
	if (!qs->cfg.cipher)
		return 0;
	return nla_put_u32(skb, QUIC_HS_A_CIPHER, qs->cfg.cipher);
}

static size_t start_room(const struct quic_sock *qs, u32 n_listeners)
{
	size_t room = 7 * nla_total_size(4) + nla_total_size_64bit(8);
	u8 tp[QUIC_HS_TPARAMS_MAX];

	if (qs->conn->server)
		return room + nla_total_size(sizeof(struct sockaddr_in6)) +
		       n_listeners * LISTENER_ROOM;
	return room + nla_total_size(4) +
	       nla_total_size(quic_conn_local_tparams(qs->conn, tp, sizeof(tp))) +
	       TEXT_ROOM(max(strlen(qs->cfg.server_name), IP_TEXT)) +
	       TEXT_ROOM(strlen(qs->cfg.alpn)) + TEXT_ROOM(strlen(qs->cfg.profile)) +
	       qs->cfg.n_pins * nla_total_size(sizeof(qs->cfg.pins[0])) +
	       nla_total_size(qs->cfg.credential_len);
}

/* Message made: with a key in it, keep a hand on it. */
static int keep_start(struct quic_hs *hs, struct sk_buff *skb)
{
	hs->credential_len = quic_sk(hs->sk)->cfg.credential_len;
	if (quic_sk(hs->sk)->conn->server || !hs->credential_len)
		return 0;
	hs->start = skb_clone(skb, GFP_KERNEL);
	if (hs->start)
		return 0;
	memzero_explicit(skb->data, skb->len);
	return -ENOMEM;
}

static int send_start(struct quic_hs *hs, struct sock **listeners, u32 n)
{
	const struct quic_sock *qs = quic_sk(hs->sk);
	struct sk_buff *skb;
	void *hdr;
	int err;

	if (qs->cfg.credential_len > QUIC_HS_CREDENTIAL_MAX)
		return -EMSGSIZE;
	skb = msg_new(hs, QUIC_HS_CMD_START, start_room(qs, n), GFP_KERNEL, &hdr);
	if (!skb)
		return -ENOMEM;
	err = put_common(skb, hs);
	if (!err)
		err = qs->conn->server ? put_server(skb, qs, listeners, n) :
					 put_client(skb, qs);
	if (!err)
		err = keep_start(hs, skb);
	if (!err)
		return msg_send(hs, skb, hdr);
	nlmsg_free(skb);
	return err;
}

int quic_hs_send_start(struct quic_hs *hs)
{
	const struct quic_sock *qs = quic_sk(hs->sk);
	struct sock **listeners = NULL;
	u32 n = 0, i;
	int err;

	quic_hs_forget_start(hs);	/* of a worker who did not get it */
	if (qs->conn->server) {
		listeners = kmalloc_array(QUIC_HS_LISTENERS_MAX, sizeof(*listeners),
					  GFP_KERNEL);
		if (!listeners)
			return -ENOMEM;
		n = quic_listen_all(qs->udp, listeners, QUIC_HS_LISTENERS_MAX);
	}
	err = send_start(hs, listeners, n);
	for (i = 0; i < n; i++)
		sock_put(listeners[i]);
	kfree(listeners);
	return err;
}

/* ---- CRYPTO, ABORT ---- */

int quic_hs_send_crypto(const struct quic_hs *hs, u8 level)
{
	struct quic_conn *conn = quic_sk(hs->sk)->conn;
	struct nlattr *nla;
	struct sk_buff *skb;
	void *hdr;
	u32 n;

	skb = msg_new(hs, QUIC_HS_CMD_CRYPTO,
		      nla_total_size(4) + nla_total_size(CRYPTO_CHUNK), gfp_any(), &hdr);
	if (!skb)
		return -ENOMEM;
	if (nla_put_u32(skb, QUIC_HS_A_LEVEL, level))
		goto nothing;
	nla = nla_reserve(skb, QUIC_HS_A_CRYPTO, CRYPTO_CHUNK);
	if (!nla)
		goto nothing;
	n = quic_conn_crypto_read(conn, level, nla_data(nla), CRYPTO_CHUNK);
	if (!n)
		goto nothing;
	nla->nla_len = nla_attr_size(n);
	memset((u8 *)nla_data(nla) + n, 0, nla_padlen(n));
	skb_trim(skb, (u8 *)nla + nla_total_size(n) - skb->data);
	return msg_send(hs, skb, hdr);

nothing:
	nlmsg_free(skb);
	return 1;
}

void quic_hs_send_abort(const struct quic_hs *hs)
{
	struct sk_buff *skb;
	void *hdr;

	/* Lost, it costs the worker its memory until the time-out that START gave. */
	skb = msg_new(hs, QUIC_HS_CMD_ABORT, 0, GFP_ATOMIC, &hdr);
	if (skb)
		msg_send(hs, skb, hdr);
}
