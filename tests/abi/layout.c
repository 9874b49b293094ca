// SPDX-License-Identifier: GPL-2.0
/*
 * layout - sizes and offsets of every structure in linux/quic.h
 *
 * Binaries that were built against another copy of the header must keep working
 * with this kernel, so the numbers below are written out, not derived. Compiling
 * this file is the test. It includes no C library header, so that it compiles
 * with -m32 on a machine without a 32-bit C library, in a kernel build and as
 * C++; the numbers are the same everywhere because all padding is explicit.
 *
 * It does not check that the kernel accepts the older, shorter or longer layouts
 * A and C of the draft's history: tests/selftests does.
 */
#include <linux/quic.h>

#ifdef __cplusplus
#define CHECK(expr)	static_assert(expr, #expr)
#else
#define CHECK(expr)	_Static_assert(expr, #expr)
#endif
#define SIZE(type, n)	CHECK(sizeof(type) == (n))
#define OFF(type, member, n)	CHECK(__builtin_offsetof(type, member) == (n))

SIZE(struct quic_stream_info, 16);
OFF(struct quic_stream_info, stream_id, 0);
OFF(struct quic_stream_info, stream_flags, 8);
OFF(struct quic_stream_info, reserved, 12);

SIZE(struct quic_handshake_info, 1);
OFF(struct quic_handshake_info, crypto_level, 0);

SIZE(struct quic_errinfo, 16);
OFF(struct quic_errinfo, stream_id, 0);
OFF(struct quic_errinfo, errcode, 8);
OFF(struct quic_errinfo, reserved, 12);

SIZE(struct quic_transport_param, 56);
OFF(struct quic_transport_param, remote, 0);
OFF(struct quic_transport_param, disable_active_migration, 1);
OFF(struct quic_transport_param, grease_quic_bit, 2);
OFF(struct quic_transport_param, stateless_reset, 3);
OFF(struct quic_transport_param, disable_1rtt_encryption, 4);
OFF(struct quic_transport_param, disable_compatible_version, 5);
OFF(struct quic_transport_param, active_connection_id_limit, 6);
OFF(struct quic_transport_param, ack_delay_exponent, 7);
OFF(struct quic_transport_param, max_datagram_frame_size, 8);
OFF(struct quic_transport_param, max_udp_payload_size, 10);
OFF(struct quic_transport_param, max_idle_timeout, 12);
OFF(struct quic_transport_param, max_ack_delay, 16);
OFF(struct quic_transport_param, max_streams_bidi, 20);
OFF(struct quic_transport_param, max_streams_uni, 22);
OFF(struct quic_transport_param, max_data, 24);
OFF(struct quic_transport_param, max_stream_data_bidi_local, 32);
OFF(struct quic_transport_param, max_stream_data_bidi_remote, 40);
OFF(struct quic_transport_param, max_stream_data_uni, 48);

SIZE(struct quic_config, 28);
OFF(struct quic_config, version, 0);
OFF(struct quic_config, plpmtud_probe_interval, 4);
OFF(struct quic_config, initial_smoothed_rtt, 8);
OFF(struct quic_config, payload_cipher_type, 12);
OFF(struct quic_config, congestion_control_algo, 16);
OFF(struct quic_config, validate_peer_address, 17);
OFF(struct quic_config, stream_data_nodelay, 18);
OFF(struct quic_config, receive_session_ticket, 19);
OFF(struct quic_config, certificate_request, 20);
OFF(struct quic_config, reserved, 21);
OFF(struct quic_config, keepalive_probe_interval, 24);

SIZE(struct quic_connection_id_info, 12);
OFF(struct quic_connection_id_info, dest, 0);
OFF(struct quic_connection_id_info, reserved, 1);
OFF(struct quic_connection_id_info, active, 4);
OFF(struct quic_connection_id_info, prior_to, 8);

SIZE(struct quic_event_option, 2);
OFF(struct quic_event_option, type, 0);
OFF(struct quic_event_option, on, 1);

SIZE(struct quic_crypto_secret, 56);
OFF(struct quic_crypto_secret, send, 0);
OFF(struct quic_crypto_secret, level, 1);
OFF(struct quic_crypto_secret, reserved, 2);
OFF(struct quic_crypto_secret, type, 4);
OFF(struct quic_crypto_secret, secret, 8);

SIZE(struct quic_stream_update, 24);
OFF(struct quic_stream_update, id, 0);
OFF(struct quic_stream_update, state, 8);
OFF(struct quic_stream_update, reserved, 9);
OFF(struct quic_stream_update, errcode, 12);
OFF(struct quic_stream_update, finalsz, 16);

SIZE(struct quic_stream_max_data, 16);
OFF(struct quic_stream_max_data, id, 0);
OFF(struct quic_stream_max_data, max_data, 8);

SIZE(struct quic_connection_close, 72);
OFF(struct quic_connection_close, errcode, 0);
OFF(struct quic_connection_close, frame, 4);
OFF(struct quic_connection_close, reserved, 5);
OFF(struct quic_connection_close, phrase, 8);

SIZE(struct quic_stream_peeloff, 16);
OFF(struct quic_stream_peeloff, stream_id, 0);
OFF(struct quic_stream_peeloff, flags, 8);
OFF(struct quic_stream_peeloff, sd, 12);

SIZE(union quic_event, 72);

/* Our own: sizes are minima of structures that may grow. */
SIZE(struct quic_chunk_info, 16);
OFF(struct quic_chunk_info, offset, 8);

SIZE(struct quic_tls_info, 72);
OFF(struct quic_tls_info, cipher, 4);
OFF(struct quic_tls_info, verify_status, 32);
OFF(struct quic_tls_info, handshake_us, 40);
OFF(struct quic_tls_info, not_after, 64);

SIZE(struct quic_exporter, 16);
OFF(struct quic_exporter, out_len, 8);

SIZE(struct quic_reason, 256);
OFF(struct quic_reason, code, 0);
OFF(struct quic_reason, origin, 8);
OFF(struct quic_reason, kind, 12);
OFF(struct quic_reason, text, 16);

/* quic_info only grows: every member keeps its place for ever. */
CHECK(sizeof(struct quic_info) >= 352);
CHECK(sizeof(struct quic_info) % 8 == 0);
OFF(struct quic_info, state, 0);
OFF(struct quic_info, version, 4);
OFF(struct quic_info, cipher, 8);
OFF(struct quic_info, flags, 12);
OFF(struct quic_info, min_rtt_us, 16);
OFF(struct quic_info, smoothed_rtt_us, 20);
OFF(struct quic_info, rttvar_us, 24);
OFF(struct quic_info, latest_rtt_us, 28);
OFF(struct quic_info, mtu, 32);
OFF(struct quic_info, pto_count, 36);
OFF(struct quic_info, key_updates, 40);
OFF(struct quic_info, paths, 44);
OFF(struct quic_info, cwnd, 48);
OFF(struct quic_info, ssthresh, 56);
OFF(struct quic_info, bytes_in_flight, 64);
OFF(struct quic_info, pacing_rate, 72);
OFF(struct quic_info, sent_pkts, 80);
OFF(struct quic_info, received_pkts, 88);
OFF(struct quic_info, lost_pkts, 96);
OFF(struct quic_info, spurious_lost_pkts, 104);
OFF(struct quic_info, retransmitted_pkts, 112);
OFF(struct quic_info, dropped_pkts, 120);
OFF(struct quic_info, sent_bytes, 128);
OFF(struct quic_info, received_bytes, 136);
OFF(struct quic_info, stream_sent_bytes, 144);
OFF(struct quic_info, stream_retransmitted_bytes, 152);
OFF(struct quic_info, stream_acked_bytes, 160);
OFF(struct quic_info, stream_received_bytes, 168);
OFF(struct quic_info, stream_read_bytes, 176);
OFF(struct quic_info, sent_datagrams, 184);
OFF(struct quic_info, received_datagrams, 192);
OFF(struct quic_info, lost_datagrams, 200);
OFF(struct quic_info, sent_trains, 208);
OFF(struct quic_info, received_trains, 216);
OFF(struct quic_info, sent_acks, 224);
OFF(struct quic_info, received_acks, 232);
OFF(struct quic_info, probes, 240);
OFF(struct quic_info, congestion_events, 248);
OFF(struct quic_info, persistent_congestions, 256);
OFF(struct quic_info, local_streams, 264);
OFF(struct quic_info, peer_streams, 272);
OFF(struct quic_info, max_data_local, 280);
OFF(struct quic_info, max_data_peer, 288);
OFF(struct quic_info, ecn_ce_pkts, 296);
OFF(struct quic_info, handshake_us, 304);
OFF(struct quic_info, age_us, 312);
OFF(struct quic_info, acked_datagrams, 320);
OFF(struct quic_info, send_dropped_datagrams, 328);
OFF(struct quic_info, recv_dropped_datagrams, 336);
OFF(struct quic_info, max_datagram, 344);
OFF(struct quic_info, queued_datagrams, 348);

SIZE(struct quic_knob, 16);
OFF(struct quic_knob, value, 8);

SIZE(struct quic_stream_accept, 16);
OFF(struct quic_stream_accept, flags, 8);
OFF(struct quic_stream_accept, sd, 12);

SIZE(struct quic_stream_priority, 16);
OFF(struct quic_stream_priority, urgency, 8);
OFF(struct quic_stream_priority, incremental, 9);

SIZE(struct quic_stream_status, 88);
OFF(struct quic_stream_status, send_state, 16);
OFF(struct quic_stream_status, unsent, 24);
OFF(struct quic_stream_status, final_size, 80);

SIZE(struct quic_errinfo64, 16);
OFF(struct quic_errinfo64, errcode, 8);

SIZE(struct quic_close64, 72);
OFF(struct quic_close64, phrase, 8);

SIZE(struct quic_admission_rule, 408);
OFF(struct quic_admission_rule, prefix, 8);
OFF(struct quic_admission_rule, server_name, 24);
OFF(struct quic_admission_rule, alpn, 280);

SIZE(struct quic_path_info, 96);
OFF(struct quic_path_info, local_addr, 8);
OFF(struct quic_path_info, peer_addr, 24);
OFF(struct quic_path_info, ifindex, 40);
OFF(struct quic_path_info, flags, 44);
OFF(struct quic_path_info, cwnd, 64);
OFF(struct quic_path_info, received_bytes, 88);
