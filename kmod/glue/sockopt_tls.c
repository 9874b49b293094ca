// SPDX-License-Identifier: GPL-2.0
/*
 * Options about TLS: what the daemon is to do (11, 64 to 69) and what it did (70,
 * 71). Names are taken as they are; the daemon judges profiles and credentials
 * when the handshake begins.
 */
#include <linux/mm.h>

#include "sockopt.h"

#define PINS_MAX	8
#define TLS_1_3		0x0304

/* A string without NUL inside, for one of the fixed places of the configuration. */
static int set_string(struct sock *sk, char *to, const char *val, u32 len)
{
	if (!quic_sock_is_fresh(sk))
		return -EINVAL;
	if (len && !val[len - 1])
		len--;
	if (memchr(val, 0, len))
		return -EINVAL;
	memcpy(to, val, len);
	to[len] = 0;
	return 0;
}

static int get_string(void *val, const char *from)
{
	int len = strlen(from);

	memcpy(val, from, len);
	return len;
}

/* ---- 11: ALPN ---- */

/* RFC 7301 3.1: no empty names; those of more than 255 bytes do not fit anyway. */
int quic_set_alpn(struct sock *sk, const void *val, u32 len)
{
	const char *s = val;
	u32 i;

	if (len && !s[len - 1])
		len--;
	if (!len || s[0] == ',' || s[len - 1] == ',')
		return -EINVAL;
	for (i = 1; i < len; i++)
		if (s[i] == ',' && s[i - 1] == ',')
			return -EINVAL;
	return set_string(sk, quic_sk(sk)->cfg.alpn, val, len);
}

/* After the handshake the one that was chosen. */
int quic_get_alpn(struct sock *sk, void *val)
{
	struct quic_sock *quic = quic_sk(sk);

	return get_string(val, quic->alpn_selected[0] ? quic->alpn_selected :
							quic->cfg.alpn);
}

/* ---- 64: agent ---- */

int quic_set_agent(struct sock *sk, const void *val, u32 len)
{
	u32 agent = *(const u32 *)val;

	if (!quic_sock_is_fresh(sk))
		return -EINVAL;
	switch (agent) {
	case QUIC_AGENT_DEFAULT:
	case QUIC_AGENT_DAEMON:
		return 0;
	case QUIC_AGENT_APPLICATION:
		strscpy(quic_sk(sk)->reason,
			"TLS in the application is not there yet: let quicd do the handshake (agent 1)",
			sizeof(quic_sk(sk)->reason));
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}

int quic_get_agent(struct sock *sk, void *val)
{
	*(u32 *)val = QUIC_AGENT_DAEMON;
	return sizeof(u32);
}

/* ---- 65 to 69 ---- */

int quic_set_server_name(struct sock *sk, const void *val, u32 len)
{
	return set_string(sk, quic_sk(sk)->cfg.server_name, val, len);
}

int quic_get_server_name(struct sock *sk, void *val)
{
	return get_string(val, quic_sk(sk)->cfg.server_name);
}

int quic_set_profile(struct sock *sk, const void *val, u32 len)
{
	return set_string(sk, quic_sk(sk)->cfg.profile, val, len);
}

int quic_get_profile(struct sock *sk, void *val)
{
	return get_string(val, quic_sk(sk)->cfg.profile);
}

int quic_set_credential(struct sock *sk, const void *val, u32 len)
{
	struct quic_sock_config *cfg = &quic_sk(sk)->cfg;
	u8 *cred;

	if (!quic_sock_is_fresh(sk) || !len)
		return -EINVAL;
	cred = quic_may_fail(QUIC_FAIL_CONFIG, kvmalloc(len, GFP_KERNEL));
	if (!cred)
		return -ENOMEM;
	memcpy(cred, val, len);
	kvfree_sensitive(cfg->credential, cfg->credential_len);
	cfg->credential = cred;
	cfg->credential_len = len;
	return 0;
}

int quic_set_verify(struct sock *sk, const void *val, u32 len)
{
	u32 verify = *(const u32 *)val;

	if (!quic_sock_is_fresh(sk) || verify > QUIC_VERIFY_APPLICATION)
		return -EINVAL;
	quic_sk(sk)->cfg.verify = verify;
	return 0;
}

int quic_get_verify(struct sock *sk, void *val)
{
	*(u32 *)val = quic_sk(sk)->cfg.verify;
	return sizeof(u32);
}

int quic_set_pin(struct sock *sk, const void *val, u32 len)
{
	struct quic_sock_config *cfg = &quic_sk(sk)->cfg;

	if (!quic_sock_is_fresh(sk) || len != QUIC_PIN_SIZE)
		return -EINVAL;
	if (cfg->n_pins == PINS_MAX)
		return -ENOSPC;
	if (!cfg->pins)
		cfg->pins = quic_may_fail(QUIC_FAIL_CONFIG,
					  kvcalloc(PINS_MAX, QUIC_PIN_SIZE, GFP_KERNEL));
	if (!cfg->pins)
		return -ENOMEM;
	memcpy(cfg->pins[cfg->n_pins++], val, QUIC_PIN_SIZE);
	return 0;
}

/* ---- 70, 71: the result ---- */

static u32 early_data(const struct quic_conn *conn)
{
	switch (quic_conn_early(conn)) {
	case QUIC_EARLY_ACCEPTED:
		return QUIC_EARLY_DATA_ACCEPTED;
	case QUIC_EARLY_REFUSED:
		return QUIC_EARLY_DATA_REFUSED;
	}
	return QUIC_EARLY_DATA_NONE;
}

/* Group, signature and times stay 0: the daemon does not tell them yet. */
int quic_get_tls_info(struct sock *sk, void *val)
{
	const struct quic_sock *quic = quic_sk(sk);
	struct quic_tls_info *info = val;

	if (!quic->established_at)
		return -ENOTCONN;
	info->tls_version = TLS_1_3;
	info->cipher = quic->cipher;
	info->verify = quic->cfg.verify;
	info->early_data = early_data(quic->conn);
	info->handshake_us = div_u64(quic->established_at - quic->conn->created,
				     QUIC_NS_PER_US);
	return sizeof(*info);
}

int quic_get_peer_cert(struct sock *sk, void *val)
{
	const struct quic_sock *quic = quic_sk(sk);

	if (!quic->peer_chain_len)
		return -ENODATA;
	memcpy(val, quic->peer_chain, quic->peer_chain_len);
	return quic->peer_chain_len;
}
