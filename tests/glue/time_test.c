// SPDX-License-Identifier: GPL-2.0
/*
 * What may not show in time (RFC 9000 10.3.1, RFC 9001 9.5), without a clock: a child runs
 * the code step by step, and the instructions are counted. Where no branch depends on
 * what is secret there are as many of them for each secret.
 *
 * Memory is not looked at: which bytes are read, and how long that takes, is the same
 * here by the layout of the data, or Nettle's affair.
 */
#include <linux/tls.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/unit.h"
#include "glue_test.h"
#include "../../kmod/core/cid.h"

#define STEPS_MAX	10000000
#define PKT_LEN		300
#define HDR_LEN		12

/* Runs between two stops of the child. */
static void (*subject)(void);

static void child(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	subject();		/* once for what is done the first time only */
	raise(SIGSTOP);
	subject();
	raise(SIGSTOP);
	_exit(0);
}

/* Instructions from the first stop to the second; 0: it cannot be traced. */
static u32 steps(void (*fn)(void))
{
	u32 n = 0;
	int status;
	pid_t pid;

	subject = fn;
	pid = fork();
	if (!pid)
		child();
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 0;
	do {
		n++;
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) ||
		    waitpid(pid, &status, 0) != pid)
			n = STEPS_MAX;
	} while (n < STEPS_MAX && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return n < STEPS_MAX ? n : 0;
}

/* ---- reset tokens ---- */

static struct quic_conn conn;
static u8 token[QUIC_RESET_TOKEN_LEN];
static volatile bool matched;

static void match(void)
{
	matched = quic_cid_match_token(&conn, token);
}

/*
 * Tokens that agree with one of ours in so many bytes, up to all of them; ours are of
 * IDs in use, as many as there can be.
 */
static void reset_tokens(struct unit *t)
{
	struct quic_remote_cid *r = conn.cids.remote;
	u32 usual, i, bytes;

	unit_bytes(t, (u8 *)&conn, sizeof(conn));
	for (i = 0; i < QUIC_REMOTE_CIDS; i++) {
		r[i].used = true;
		r[i].taken = true;
		r[i].has_token = true;
		memset(r[i].token, 0x10 + i, QUIC_RESET_TOKEN_LEN);
	}
	conn.cids.active = 3;
	memset(token, 0xff, sizeof(token));
	usual = steps(match);
	ASSERT(t, usual > QUIC_REMOTE_CIDS * QUIC_RESET_TOKEN_LEN / 4);
	for (i = 0; i < QUIC_REMOTE_CIDS; i++) {
		for (bytes = 1; bytes <= QUIC_RESET_TOKEN_LEN; bytes += 3) {
			memset(token, 0xff, sizeof(token));
			memset(token, 0x10 + i, bytes);
			EXPECT_EQ(t, steps(match), usual);
		}
		match();
		EXPECT(t, matched);
	}
}

/* ---- packet numbers, as they leave ---- */

static struct quic_sock sk;
static struct quic_conn sealer;
static struct quic_tx_batch batch;
static u8 wire[PKT_LEN];

/* A packet of one length, whose number has @pn_len bytes: the connection ID is shorter. */
static void put_packet(u64 pn, u8 pn_len)
{
	u32 i;

	batch.n = 1;
	batch.pkt[0] = (struct quic_tx_pkt){
		.buf = wire, .len = PKT_LEN, .hdr_len = HDR_LEN, .pn_off = HDR_LEN - pn_len,
		.prefix_len = PKT_LEN - HDR_LEN - QUIC_TAG_LEN, .pn_len = pn_len,
		.level = QUIC_CRYPTO_APP, .pn = pn,
	};
	memset(wire, 0x77, sizeof(wire));
	wire[0] = 0x40 | (pn_len - 1);
	for (i = 0; i < pn_len; i++)
		wire[HDR_LEN - 1 - i] = pn >> 8 * i;
}

static void seal(void)
{
	put_packet(batch.pkt[0].pn, batch.pkt[0].pn_len);
	quic_seal(&sk.inet.sk, &batch);
}

static void only_put(void)
{
	put_packet(batch.pkt[0].pn, batch.pkt[0].pn_len);
}

static void packet_numbers(struct unit *t)
{
	static const u64 pns[] = { 0, 1, 0x80, 0xffff, 0x123456789ULL, QUIC_PN_MAX };
	u32 usual = 0, n, i, len;
	u8 secret[32];

	unit_bytes(t, secret, sizeof(secret));
	glue_missing = "";
	EXPECT_EQ(t, quic_crypto_init(), 0);
	sk.conn = &sealer;
	write_pnet(&sk.inet.sk.sk_net, &init_net);
	sk.keys_tx[QUIC_CRYPTO_APP] =
		quic_keys_create(quic_cipher_find(TLS_CIPHER_AES_GCM_128), QUIC_VERSION_V1,
				 secret);
	ASSERT(t, !IS_ERR(sk.keys_tx[QUIC_CRYPTO_APP]));
	for (i = 0; i < ARRAY_SIZE(pns); i++) {
		for (len = 1; len <= QUIC_PN_MAX_LEN; len++) {
			batch.pkt[0].pn = pns[i];
			batch.pkt[0].pn_len = len;
			n = steps(seal) - steps(only_put);
			usual = usual ?: n;
			EXPECT_GT(t, n, 500);
			EXPECT_EQ(t, n, usual);
		}
	}
	quic_phase_free(sk.keys_tx[QUIC_CRYPTO_APP]);
	quic_crypto_exit();
	EXPECT_EQ(t, glue_tfms, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(reset_tokens),
	UNIT_CASE(packet_numbers),
};

UNIT_SUITE(time, cases);
