// SPDX-License-Identifier: GPL-2.0
/*
 * QUIC versions: the one list of those that we speak, and how two ends come to one.
 *
 *   client   Initial, version A -->
 *            <-- Version Negotiation: B, C           only if A is not among them
 *            new connection, version B -->           quic_conn_restart()
 *            <-- Initial, version C: ServerHello     quic_conn_select_version()
 *            <-- parameters: chosen C, available B, C   quic_version_check()
 *
 * original_version is A, chosen_version B, version first B and then C.
 *
 * Version Negotiation is not authenticated: it may be forged to make a client use a
 * version that it likes less. So the parameters, which TLS vouches for, say once more
 * what the server speaks, and the client looks whether it would have come to the same
 * version (RFC 9368 4). They also say which version is C: long headers are as easily
 * forged.
 *
 * An object of a client is used for both attempts: quic_conn_restart() makes of it
 * what it was when it was new, but for its version, its destination and what it knows
 * of time. The host gives it new keys and starts TLS anew, since the ClientHello says
 * which version it is for.
 *
 * B and C are compatible (RFC 9368 2.2) as all that we speak is: versions 1 and 2 differ
 * in numbers that stand on the wire and in labels of keys (RFC 9369). The connection
 * goes on as it is; only Initial packets may be of either version for a while. A server
 * takes those of B until it has no Initial keys any more. A client takes the first of
 * another version for C, if no TLS bytes came in one of B before it (RFC 9369 4.1).
 *
 * Invariants: original_version never changes; chosen_version changes once at most,
 * before any packet was received; version follows it, and once more at most, before
 * there are keys of the handshake.
 *
 * What a version changes stands where it is used: type bits in wire_hdr.c and
 * stateless.c, salts, labels and Retry keys in kmod/glue.
 */
#include "version.h"
#include "conn_int.h"
#include "pnspace.h"
#include "early.h"
#include "recovery.h"
#include "token.h"

const u32 quic_versions[QUIC_VERSIONS] = { QUIC_VERSION_V1, QUIC_VERSION_V2 };

bool quic_version_known(u32 version)
{
	u32 i;

	for (i = 0; i < QUIC_VERSIONS; i++) {
		if (quic_versions[i] == version)
			return true;
	}
	return false;
}

static bool listed(u32 version, const u32 *list, u32 n)
{
	while (n--) {
		if (*list++ == version)
			return true;
	}
	return false;
}

u32 quic_version_select(u32 first, const u32 *list, u32 n)
{
	u32 i;

	if (quic_version_known(first) && listed(first, list, n))
		return first;
	for (i = 0; i < QUIC_VERSIONS; i++) {
		if (listed(quic_versions[i], list, n))
			return quic_versions[i];
	}
	return 0;
}

/* ---- the parameter ---- */

bool quic_version_info_get(struct quic_rcur *c, bool from_server,
			   struct quic_version_info *vi)
{
	struct quic_version_info got = { .chosen = quic_get_be32(c) };
	bool has_chosen = false;
	u32 v;

	while (!c->bad && quic_rcur_left(c)) {
		v = quic_get_be32(c);
		if (!v)
			return false;
		got.listed++;
		has_chosen |= v == got.chosen;
		if ((v == got.chosen || quic_version_known(v)) &&
		    !listed(v, got.available, got.n))
			got.available[got.n++] = v;
	}
	if (c->bad || !got.chosen || !(from_server || has_chosen))
		return false;
	*vi = got;
	return true;
}

void quic_version_info_put(struct quic_wcur *c, const struct quic_version_info *vi)
{
	u32 i;

	quic_put_be32(c, vi->chosen);
	for (i = 0; i < vi->n; i++)
		quic_put_be32(c, vi->available[i]);
}

void quic_version_local(const struct quic_conn *conn, u32 version, u32 random,
			struct quic_tparams *tp)
{
	const struct quic_version_info had = tp->version_information;
	struct quic_version_info *vi = &tp->version_information;
	u32 at, i;

	*vi = (struct quic_version_info){ .chosen = version };
	for (i = 0; i < QUIC_VERSIONS; i++) {
		if (!conn->server ? !tp->one_version || quic_versions[i] == version :
		    !had.n || listed(quic_versions[i], had.available, had.n))
			vi->available[vi->n++] = quic_versions[i];
	}
	tp->has_version_information = true;
	/* One that nobody speaks, at no fixed place: peers must not mind. */
	at = random % (vi->n + 1);
	for (i = vi->n++; i > at; i--)
		vi->available[i] = vi->available[i - 1];
	vi->available[at] = (random & 0xf0f0f0f0) | 0x0a0a0a0a;
	vi->listed = vi->n;
}

/*
 * After Version Negotiation: would the versions that TLS vouches for have led a
 * client to where it began this connection?
 */
static bool same_choice(const struct quic_conn *conn, const struct quic_version_info *vi)
{
	u32 list[ARRAY_SIZE(vi->available) + 1];

	if (!vi->listed)
		return false;
	memcpy(list, vi->available, sizeof(vi->available));
	list[vi->n] = conn->version;
	return quic_version_select(conn->original_version, list, vi->n + 1) ==
	       conn->chosen_version;
}

/* RFC 9368 4 and 8: what stands for a parameter that is not there. */
static const char *check_absent(const struct quic_conn *conn)
{
	if (conn->version != conn->chosen_version)
		return "no version_information, though the version was changed";
	if (conn->version != conn->original_version && conn->version != QUIC_VERSION_V1)
		return "no version_information after Version Negotiation";
	return NULL;
}

static const char *check_client(const struct quic_conn *conn,
				const struct quic_version_info *vi)
{
	if (vi->chosen != conn->chosen_version)
		return "version_information: the chosen version is not the one in use";
	if (conn->version != vi->chosen && !listed(conn->version, vi->available, vi->n))
		return "version_information: the version selected is not available";
	return NULL;
}

static const char *check_server(const struct quic_conn *conn,
				const struct quic_version_info *vi)
{
	if (vi->chosen != conn->version)
		return "version_information: the chosen version is not the one in use";
	if (conn->chosen_version != conn->original_version && !same_choice(conn, vi))
		return "version_information: Version Negotiation was not the server's";
	return NULL;
}

int quic_version_check(struct quic_conn *conn, const struct quic_tparams *tp)
{
	const struct quic_version_info *vi = &tp->version_information;
	const char *why;

	if (!tp->has_version_information)
		why = check_absent(conn);
	else if (conn->server)
		why = check_client(conn, vi);
	else
		why = check_server(conn, vi);
	if (!why)
		return 0;
	return quic_error_set(&conn->err, QUIC_TRANSPORT_ERROR_VERSION_NEGOTIATION, 0, why);
}

/* ---- another version within the connection ---- */

int quic_conn_select_version(struct quic_conn *conn, u32 version)
{
	quic_host_assert_owned(conn);
	if (!conn->server || conn->peer_params_set || conn->version != conn->chosen_version ||
	    conn->state != QUIC_CONN_HANDSHAKE || !quic_version_known(version) ||
	    conn->tx_keys != 1 << QUIC_CRYPTO_INITIAL ||
	    quic_conn_crypto_queued(conn, QUIC_CRYPTO_INITIAL))
		return -EINVAL;
	/* the host looks at it without owning the connection */
	WRITE_ONCE(conn->version, version);
	return 0;
}

u32 quic_version_of_level(const struct quic_conn *conn, u8 level)
{
	return level == QUIC_CRYPTO_EARLY ? conn->chosen_version : conn->version;
}

bool quic_version_fits(const struct quic_conn *conn, u32 version, u8 level)
{
	u32 chosen = READ_ONCE(conn->chosen_version);

	if (level == QUIC_CRYPTO_EARLY)
		return version == chosen;
	if (version == READ_ONCE(conn->version))
		return true;
	if (conn->server)
		return version == chosen && level == QUIC_CRYPTO_INITIAL;
	/* a Handshake packet may wait behind the Initial that settles it */
	return !READ_ONCE(conn->version_settled) && quic_version_known(version);
}

void quic_version_received(struct quic_conn *conn, u32 version)
{
	if (conn->server || version == conn->version)
		return;
	WRITE_ONCE(conn->version, version);
	WRITE_ONCE(conn->version_settled, true);
	conn->want |= QUIC_WANT_KEYS;
}

void quic_version_tls_came(struct quic_conn *conn)
{
	if (!conn->server)
		WRITE_ONCE(conn->version_settled, true);
}

/* ---- Version Negotiation ---- */

/* RFC 9000 6.2, RFC 9368 4: only as the answer to the very first flight. */
static bool awaits_version(const struct quic_conn *conn)
{
	return !conn->server && conn->state == QUIC_CONN_HANDSHAKE && !conn->retried &&
	       !conn->stats.pkts_recv && conn->version == conn->original_version;
}

u32 quic_conn_recv_version_neg(struct quic_conn *conn, const u8 *versions, u32 len, u64 now)
{
	static const char why[] = "the peer speaks none of our QUIC versions";
	struct quic_rcur c = quic_rcur_init(versions, len);
	u32 ours[QUIC_VERSIONS], n = 0, v;
	u64 code = 0;

	quic_host_assert_owned(conn);
	if (!awaits_version(conn) || !len || len % 4)
		return 0;
	while (quic_rcur_left(&c)) {
		v = quic_get_be32(&c);
		if (v == conn->version)
			return 0;
		if (!code)
			code = v;
		if (quic_version_known(v) && !listed(v, ours, n))
			ours[n++] = v;
	}
	if (n)
		return quic_version_select(conn->version, ours, n);
	quic_conn_set_close(conn, QUIC_CLOSE_VERSION, false, code, 0, why, sizeof(why) - 1);
	quic_conn_enter_closing(conn, QUIC_CONN_DRAINING, now);
	quic_conn_set_state(conn, QUIC_CONN_CLOSED);
	conn->close_deadline = QUIC_TIME_NEVER;
	return 0;
}

bool quic_conn_restart(struct quic_conn *conn, u32 version, const struct quic_cid *dcid,
		       u64 now)
{
	struct quic_pnspace *s = &conn->space[QUIC_SPACE_INITIAL];

	quic_host_assert_owned(conn);
	if (!awaits_version(conn) || version == conn->version || !quic_version_known(version))
		return false;
	/* the host looks at it without owning the connection */
	WRITE_ONCE(conn->version, version);
	WRITE_ONCE(conn->chosen_version, version);
	/* its keys were of the other version */
	if (conn->early == QUIC_EARLY_OFFERED)
		quic_early_refuse(conn, now);
	quic_recovery_retry(conn, now);
	quic_pnspace_free(s, conn);
	quic_pnspace_init(s);
	conn->cids.remote[0].cid = *dcid;
	conn->cids.odcid = *dcid;
	quic_token_forget(conn);
	quic_recovery_set_timer(conn, now);
	return true;
}
