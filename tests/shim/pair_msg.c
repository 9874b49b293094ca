// SPDX-License-Identifier: GPL-2.0
/*
 * The datagrams of a pair's application: each says which one it is, and is as long
 * as that number has it, of the known pattern. Who reads checks every byte, and
 * that none comes twice.
 */
#include "pair_int.h"

#define MSG_HDR		4	/* its number */

static u32 msg_len(const struct pair_msgs *m, u32 n)
{
	return MSG_HDR + (n * 37 + n / 7) % (m->len_max - MSG_HDR + 1);
}

struct pair_msgs *pair_msgs(struct pair *p, enum pair_side from, u32 total, u32 len_max)
{
	struct pair_msgs *m = &p->msgs[from];

	shim_mem_free(m->seen);
	memset(m, 0, sizeof(*m));
	m->total = total;
	m->len_max = len_max;
	m->seen = pair_zalloc(total + 1);
	return m;
}

int pair_msg_send(struct quic_conn *conn, const u8 *data, u32 len)
{
	struct quic_txbuf *buf = shim_txbuf_new(len);
	int err;

	memcpy(buf->data, data, len);
	shim_txbuf_get(buf);
	buf->held = len;
	err = quic_conn_dgram_send(conn, buf->data, len, buf);
	/* ours, and the one that the core did not take */
	if (err)
		quic_host_txbuf_put(conn, buf, len);
	quic_host_txbuf_put(conn, buf, 0);
	return err;
}

void pair_msg_write(struct pair *p, struct pair_end *e)
{
	struct pair_msgs *m = &p->msgs[e->side];
	static u8 data[16384];
	u32 len;

	for (; m->queued < m->total; m->queued++) {
		len = min(msg_len(m, m->queued), quic_conn_dgram_max(e->conn));
		if (len < MSG_HDR)
			return;
		put_unaligned_be32(m->queued, data);
		memcpy(data + MSG_HDR, pair_pattern(m->queued, 0), len - MSG_HDR);
		if (pair_msg_send(e->conn, data, len))
			return;
	}
}

/* One whole datagram: which is it, and is it that? */
static void msg_check(struct pair *p, struct pair_msgs *m, const u8 *data, u32 len)
{
	u32 n = len < MSG_HDR ? U32_MAX : get_unaligned_be32(data);

	if (n >= m->queued) {
		pair_error(p, "a datagram that nobody sent");
		return;
	}
	/* shorter than planned only where the path's MTU was */
	if (len > msg_len(m, n))
		pair_error(p, "a datagram is longer than it was");
	if (memcmp(data + MSG_HDR, pair_pattern(n, 0), len - MSG_HDR))
		pair_error(p, "bytes of a datagram differ");
	if (m->seen[n])
		pair_error(p, "a datagram came twice");
	m->seen[n] = 1;
	m->read++;
	m->bytes += len;
}

void pair_msg_read(struct pair *p, struct pair_end *e)
{
	struct pair_msgs *m = &p->msgs[!e->side];
	const u8 *data;
	u32 len;

	while (quic_conn_dgram_peek(e->conn, &data, &len)) {
		if (m->total)
			msg_check(p, m, data, len);
		quic_conn_dgram_take(e->conn, len);
	}
}

const char *pair_msgs_sum(const struct pair *p, enum pair_side from)
{
	const struct quic_conn *a = p->end[from].conn, *b = p->end[!from].conn;
	const struct pair_msgs *m = &p->msgs[from];
	const struct quic_dgram_stats *tx = &a->stats.dgram, *rx = &b->stats.dgram;

	if (m->queued != tx->sent + tx->tx_dropped + a->dgrams.tx.n)
		return "datagrams queued are not those sent, dropped and waiting";
	if (rx->recv != m->read + rx->rx_dropped + b->dgrams.rx.n)
		return "datagrams received are not those read, dropped and waiting";
	if (rx->recv > tx->sent)
		return "more datagrams received than sent";
	return tx->acked > rx->recv ? "more datagrams acknowledged than received" : NULL;
}
