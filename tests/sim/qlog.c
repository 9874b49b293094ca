// SPDX-License-Identifier: GPL-2.0
/*
 * qlog, as JSON text sequences: one file per end, events by the names of the main
 * schema, which qvis and others draw.
 *
 * Frames are written with the fields those tools read; what they do not is left
 * out.
 */
#include "sim.h"
#include "../../kmod/core/wire_frame.h"

#define RS	0x1e	/* begins each record (RFC 7464) */

void qlog_begin(FILE *f, enum pair_side side)
{
	const char *name = side == PAIR_CLIENT ? "client" : "server";

	fprintf(f, "%c{\"qlog_version\":\"0.3\",\"qlog_format\":\"JSON-SEQ\","
		"\"title\":\"simulated %s\",\"trace\":{\"vantage_point\":{\"name\":\"%s\","
		"\"type\":\"%s\"},\"common_fields\":{\"time_format\":\"relative\","
		"\"reference_time\":0,\"protocol_type\":[\"QUIC\"]}}}\n", RS, name, name, name);
}

static void event(FILE *f, u64 at, const char *name)
{
	fprintf(f, "%c{\"time\":%llu.%06llu,\"name\":\"%s\",\"data\":{", RS, at / MS, at % MS,
		name);
}

static void frame_ack(FILE *f, const struct quic_frame *fr, u8 exponent)
{
	struct quic_ack_iter it;
	const char *sep = "";
	u64 lo, hi;

	fprintf(f, "\"frame_type\":\"ack\",\"ack_delay\":%.3f,\"acked_ranges\":[",
		(fr->u.ack.delay << exponent) / 1000.0);
	quic_ack_iter_init(&it, fr);
	while (quic_ack_iter_next(&it, &lo, &hi)) {
		fprintf(f, "%s[%llu,%llu]", sep, lo, hi);
		sep = ",";
	}
	fputc(']', f);
}

static void frame_named(FILE *f, const struct quic_frame *fr)
{
	const char *p = quic_frame_info(fr->type)->name;

	fputs("\"frame_type\":\"", f);
	for (; *p; p++)
		fputc(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p, f);
	fputc('"', f);
}

static void frame(FILE *f, const struct quic_frame *fr, u8 exponent)
{
	if ((fr->type & ~1ULL) == QUIC_FRAME_ACK) {
		frame_ack(f, fr, exponent);
		return;
	}
	frame_named(f, fr);
	if ((fr->type & ~7ULL) == QUIC_FRAME_STREAM) {
		fprintf(f, ",\"stream_id\":%llu,\"offset\":%llu,\"length\":%u,\"fin\":%s",
			fr->u.stream.id, fr->u.stream.offset, fr->u.stream.len,
			fr->u.stream.fin ? "true" : "false");
		return;
	}
	switch (fr->type) {
	case QUIC_FRAME_CRYPTO:
		fprintf(f, ",\"offset\":%llu,\"length\":%u", fr->u.stream.offset,
			fr->u.stream.len);
		break;
	case QUIC_FRAME_RESET_STREAM:
		fprintf(f, ",\"stream_id\":%llu,\"error_code\":%llu,\"final_size\":%llu",
			fr->u.reset.id, fr->u.reset.code, fr->u.reset.final_size);
		break;
	case QUIC_FRAME_STOP_SENDING:
		fprintf(f, ",\"stream_id\":%llu,\"error_code\":%llu", fr->u.reset.id,
			fr->u.reset.code);
		break;
	case QUIC_FRAME_MAX_STREAM_DATA:
	case QUIC_FRAME_STREAM_DATA_BLOCKED:
		fprintf(f, ",\"stream_id\":%llu", fr->u.max.id);
		fallthrough;
	case QUIC_FRAME_MAX_DATA:
	case QUIC_FRAME_MAX_STREAMS:
	case QUIC_FRAME_MAX_STREAMS + 1:
		fprintf(f, ",\"maximum\":%llu", fr->u.max.limit);
		break;
	case QUIC_FRAME_CONNECTION_CLOSE:
	case QUIC_FRAME_CONNECTION_CLOSE_APP:
		fprintf(f, ",\"error_space\":\"%s\",\"error_code\":%llu",
			fr->type == QUIC_FRAME_CONNECTION_CLOSE ? "transport" : "application",
			fr->u.close.code);
		break;
	}
}

static const char *const packet_types[QUIC_SPACES] = { "initial", "handshake", "1RTT" };

static u8 level_bit(u8 level)
{
	return level == QUIC_CRYPTO_INITIAL ? QUIC_F_I :
	       level == QUIC_CRYPTO_HANDSHAKE ? QUIC_F_H : QUIC_F_1;
}

void qlog_packet(FILE *f, u64 at, bool sent, const struct quic_rx_pkt *pkt, u8 exponent)
{
	struct quic_rcur c = quic_rcur_init(pkt->data, pkt->len);
	struct quic_error err = {};
	struct quic_frame fr;
	const char *sep = "";

	event(f, at, sent ? "transport:packet_sent" : "transport:packet_received");
	fprintf(f, "\"header\":{\"packet_type\":\"%s\",\"packet_number\":%llu},"
		"\"raw\":{\"length\":%u},\"frames\":[",
		packet_types[quic_level_space(pkt->level)], pkt->pn,
		pkt->len + QUIC_TAG_LEN);
	while (quic_rcur_left(&c) &&
	       !quic_frame_parse(&c, level_bit(pkt->level), &fr, &err)) {
		fprintf(f, "%s{", sep);
		frame(f, &fr, exponent);
		fputc('}', f);
		sep = ",";
	}
	fputs("]}}\n", f);
}

void qlog_lost(FILE *f, u64 at, enum quic_space space, u64 pn)
{
	event(f, at, "recovery:packet_lost");
	fprintf(f, "\"header\":{\"packet_type\":\"%s\",\"packet_number\":%llu}}}\n",
		packet_types[space], pn);
}

static void ms(FILE *f, const char *name, u64 ns)
{
	fprintf(f, "\"%s\":%llu.%06llu,", name, ns / MS, ns % MS);
}

void qlog_metrics(FILE *f, const struct sim_sample *m, u32 pto_count)
{
	event(f, m->at, "recovery:metrics_updated");
	if (m->latest_rtt) {
		ms(f, "latest_rtt", m->latest_rtt);
		ms(f, "smoothed_rtt", m->smoothed_rtt);
		ms(f, "min_rtt", m->min_rtt);
	}
	if (m->ssthresh < 1ULL << 50)
		fprintf(f, "\"ssthresh\":%llu,", m->ssthresh);
	fprintf(f, "\"congestion_window\":%llu,\"bytes_in_flight\":%llu,\"pto_count\":%u}}\n",
		m->cwnd, m->in_flight, pto_count);
}
