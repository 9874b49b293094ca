// SPDX-License-Identifier: GPL-2.0
/*
 * A recorder: writes a run down as qlog and pcap, or keeps samples of it for
 * pictures. Nothing of it runs unless a run failed or is to be drawn.
 *
 * The cores have no hooks for it. Losses are seen by comparison: a packet that
 * nobody acknowledged and that is not outstanding any more was declared lost.
 *
 * The pcap has every datagram as it left, at its time, lost ones too; the
 * payload is in the clear, with zeros for the tag, and no header protection.
 */
#include <stdlib.h>
#include <string.h>
#include "sim.h"

#define PCAP_MAGIC_NS	0xa1b23c4d
#define PCAP_RAW	101		/* LINKTYPE_RAW: begins with the IP header */
#define IP_UDP_LEN	28

static FILE *open_in(const char *dir, const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f)
		perror(path);
	return f;
}

static void pcap_begin(FILE *f)
{
	u32 hdr[6] = { PCAP_MAGIC_NS, 2 | 4 << 16, 0, 0, 65535, PCAP_RAW };

	fwrite(hdr, sizeof(hdr), 1, f);
}

struct sim_record *sim_record_new(const char *dir)
{
	struct sim_record *rec = calloc(1, sizeof(*rec));

	rec->keep = !dir;
	if (!dir)
		return rec;
	rec->qlog[PAIR_CLIENT] = open_in(dir, "client.sqlog");
	rec->qlog[PAIR_SERVER] = open_in(dir, "server.sqlog");
	rec->pcap = open_in(dir, "sim.pcap");
	if (!rec->qlog[0] || !rec->qlog[1] || !rec->pcap) {
		free(rec);
		return NULL;
	}
	qlog_begin(rec->qlog[PAIR_CLIENT], PAIR_CLIENT);
	qlog_begin(rec->qlog[PAIR_SERVER], PAIR_SERVER);
	pcap_begin(rec->pcap);
	return rec;
}

void sim_record_free(struct sim_record *rec)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		if (rec->qlog[i])
			fclose(rec->qlog[i]);
		free(rec->samples[i]);
	}
	if (rec->pcap)
		fclose(rec->pcap);
	free(rec->deliveries);
	free(rec->received);
	free(rec);
}

/* ---- pcap ---- */

static void put_ip_udp(u8 *p, enum pair_side from, u8 client, u32 len)
{
	u8 server_ip[4] = { 192, 0, 2, 1 }, client_ip[4] = { 198, 51, 100, 1 + client };
	u32 sum = 0, i;

	memset(p, 0, IP_UDP_LEN);
	p[0] = 0x45;
	put_unaligned_be16(len + IP_UDP_LEN, p + 2);
	p[8] = 64;
	p[9] = 17;
	memcpy(p + 12, from == PAIR_CLIENT ? client_ip : server_ip, 4);
	memcpy(p + 16, from == PAIR_CLIENT ? server_ip : client_ip, 4);
	for (i = 0; i < 20; i += 2)
		sum += get_unaligned_be16(p + i);
	sum = (sum & 0xffff) + (sum >> 16);
	put_unaligned_be16(~(sum + (sum >> 16)), p + 10);
	put_unaligned_be16(from == PAIR_CLIENT ? 50000 : 443, p + 20);
	put_unaligned_be16(from == PAIR_CLIENT ? 443 : 50000, p + 22);
	put_unaligned_be16(len + 8, p + 24);
}

static void pcap_dgram(FILE *f, u64 at, enum pair_side from, const struct pair_dgram *d)
{
	u32 rec[4] = { at / SEC, at % SEC, d->len + IP_UDP_LEN, d->len + IP_UDP_LEN };
	u8 hdr[IP_UDP_LEN];

	put_ip_udp(hdr, from, from == PAIR_CLIENT ? d->src : d->dst, d->len);
	fwrite(rec, sizeof(rec), 1, f);
	fwrite(hdr, sizeof(hdr), 1, f);
	fwrite(d->buf->data, d->len, 1, f);
}

/* ---- what happens ---- */

static u64 since_begin(const struct sim_run *s)
{
	return s->p->now - s->p->begin;
}

void sim_record_sent(struct sim_record *rec, struct sim_run *s, enum pair_side from,
		     const struct pair_dgram *d)
{
	u32 i;

	if (rec->pcap)
		pcap_dgram(rec->pcap, since_begin(s), from, d);
	for (i = 0; rec->qlog[from] && i < d->n; i++)
		qlog_packet(rec->qlog[from], since_begin(s), true, &d->pkt[i],
			    s->p->cfg.local[from].ack_delay_exponent);
}

void sim_record_opened(struct sim_record *rec, struct sim_run *s, enum pair_side to,
		       const struct quic_rx_pkt *pkts, u32 n)
{
	u32 i;

	for (i = 0; rec->qlog[to] && i < n; i++)
		qlog_packet(rec->qlog[to], since_begin(s), false, &pkts[i],
			    s->p->cfg.local[!to].ack_delay_exponent);
}

static bool outstanding(const struct quic_sent *sent, u64 pn)
{
	return pn >= sent->base && pn < sent->next &&
	       quic_sent_get(sent, pn)->flags & QUIC_SENT_OUTSTANDING;
}

/* Report what was lost in this step. Return: how many. */
static u32 note_losses(struct sim_record *rec, struct sim_run *s, enum pair_side side,
		       enum quic_space space)
{
	const struct quic_pnspace *ps = &s->p->end[side].conn->space[space];
	u64 *settled = &rec->settled[side][space], pn;
	struct sim_pkt *k;
	u32 n = 0;

	if (ps->gone)
		return 0;
	for (pn = *settled; pn < ps->tx_next; pn++) {
		k = sim_watch_pkt(s->w, side, space, pn);
		if (k && outstanding(&ps->sent, pn))
			continue;
		if (k && !k->acked && !k->lost && k->eliciting) {
			k->lost = true;
			n++;
			if (rec->qlog[side])
				qlog_lost(rec->qlog[side], since_begin(s), space, pn);
		}
		if (pn == *settled)
			++*settled;
	}
	return n;
}

static void note_sample(struct sim_record *rec, enum pair_side side,
			const struct sim_sample *m)
{
	u32 *n = &rec->n_samples[side];

	if (!(*n & (*n - 1)))
		rec->samples[side] = realloc(rec->samples[side],
					     2 * max(*n, 1U) * sizeof(*m));
	rec->samples[side][(*n)++] = *m;
}

static void sample(struct sim_record *rec, struct sim_run *s, enum pair_side side)
{
	const struct quic_conn *conn = s->p->end[side].conn;
	const struct quic_path *path = &conn->path;
	struct sim_sample m = {
		.cwnd = path->cc.cwnd, .ssthresh = path->cc.ssthresh,
		.in_flight = path->cc.bytes_in_flight,
	};
	u32 space;

	if (path->rtt.has_sample) {
		m.latest_rtt = path->rtt.latest;
		m.smoothed_rtt = path->rtt.smoothed;
		m.min_rtt = path->rtt.min;
	}
	if (quic_conn_state(conn) <= QUIC_CONN_ESTABLISHED)
		for (space = 0; space < QUIC_SPACES; space++)
			m.lost += note_losses(rec, s, side, space);
	if (!memcmp(&m, &rec->last[side], sizeof(m)))
		return;
	rec->last[side] = m;
	m.at = since_begin(s);
	if (rec->qlog[side])
		qlog_metrics(rec->qlog[side], &m, conn->pto_count);
	if (rec->keep)
		note_sample(rec, side, &m);
}

static void note_deliveries(struct sim_record *rec, struct sim_run *s)
{
	u32 i, *n = &rec->n_deliveries;

	if (!rec->received)
		rec->received = calloc(s->p->n_flows + 1, sizeof(*rec->received));
	for (i = 0; i < s->p->n_flows; i++) {
		if (s->p->flow[i].received == rec->received[i])
			continue;
		rec->received[i] = s->p->flow[i].received;
		if (!(*n & (*n - 1)))
			rec->deliveries = realloc(rec->deliveries, 2 * max(*n, 1U) *
						  sizeof(*rec->deliveries));
		rec->deliveries[(*n)++] = (struct sim_delivery){
			.at = since_begin(s), .flow = i, .received = rec->received[i],
		};
	}
}

void sim_record_step(struct sim_record *rec, struct sim_run *s)
{
	u32 side;

	for (side = 0; side < 2; side++) {
		if (s->p->end[side].conn)
			sample(rec, s, side);
	}
	if (rec->keep)
		note_deliveries(rec, s);
}
