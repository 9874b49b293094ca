// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/quic, one for each namespace:
 *
 *   conns       one line for each connection
 *   listeners   one line for each listener
 *   stat        counters of the namespace; drivers and memory of the module
 *
 * Lines are made without socket locks, under the lock of the namespace's list,
 * from which a socket is taken before its connection is freed: every number is
 * right by itself, together they may be a moment apart. Kernel addresses are
 * hashed (%pK).
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/tls.h>

#include "glue.h"

/* ---- the list ---- */

static void *list_start(struct seq_file *seq, loff_t *pos)
	__acquires(&quic_pernet(seq_file_net(seq))->socks_lock)
{
	struct quic_net *qn = quic_pernet(seq_file_net(seq));

	spin_lock_bh(&qn->socks_lock);
	return seq_list_start_head(&qn->socks, *pos);
}

static void *list_next(struct seq_file *seq, void *v, loff_t *pos)
{
	return seq_list_next(v, &quic_pernet(seq_file_net(seq))->socks, pos);
}

static void list_stop(struct seq_file *seq, void *v)
	__releases(&quic_pernet(seq_file_net(seq))->socks_lock)
{
	spin_unlock_bh(&quic_pernet(seq_file_net(seq))->socks_lock);
}

static bool is_head(struct seq_file *seq, void *v)
{
	return v == &quic_pernet(seq_file_net(seq))->socks;
}

static void put_user_and_inode(struct seq_file *seq, struct sock *sk)
{
	kuid_t uid = READ_ONCE(sk->sk_uid);

	seq_printf(seq, " %5u %lu\n", from_kuid_munged(seq_user_ns(seq), uid),
		   (unsigned long)sock_i_ino(sk));
}

/* ---- conns ---- */

static void conn_line(struct seq_file *seq, struct quic_sock *quic,
		      const struct quic_conn *conn)
{
	const struct quic_cipher *cipher = quic_cipher_find(READ_ONCE(quic->cipher));
	struct sock *sk = &quic->inet.sk;

	seq_printf(seq, "%pK %2d %pISpc %pISpc %d", sk, READ_ONCE(sk->sk_state),
		   &quic->local, &quic->peer, READ_ONCE(conn->state));
	seq_printf(seq, " %llu %u %llu %llu", READ_ONCE(conn->path.cc.cwnd),
		   READ_ONCE(conn->path.mtu), READ_ONCE(conn->path.cc.bytes_in_flight),
		   div_u64(READ_ONCE(conn->path.rtt.smoothed), QUIC_NS_PER_US));
	seq_printf(seq, " %llu %llu %d %d", READ_ONCE(conn->streams.tx_queued),
		   READ_ONCE(conn->streams.rx_queued), READ_ONCE(sk->sk_sndbuf),
		   READ_ONCE(sk->sk_rcvbuf));
	seq_printf(seq, " %llu %llu %llu %s", READ_ONCE(conn->stats.pkts_sent),
		   READ_ONCE(conn->stats.pkts_recv), READ_ONCE(conn->stats.pkts_lost),
		   cipher ? cipher->name : "-");
	put_user_and_inode(seq, sk);
}

static int conns_show(struct seq_file *seq, void *v)
{
	const struct quic_conn *conn;
	struct quic_sock *quic;

	if (is_head(seq, v)) {
		seq_puts(seq, "sk st local peer core cwnd mtu inflight srtt_us txq rxq sndbuf rcvbuf sent received lost cipher uid inode\n");
		return 0;
	}
	quic = list_entry(v, struct quic_sock, net_node);
	/* read once: an attempt to connect may fail and take it back */
	conn = smp_load_acquire(&quic->conn);
	if (conn)
		conn_line(seq, quic, conn);
	return 0;
}

/* ---- listeners ---- */

static int listeners_show(struct seq_file *seq, void *v)
{
	struct quic_sock *quic;
	struct sock *sk;

	if (is_head(seq, v)) {
		seq_puts(seq, "sk local id backlog max alpn uid inode\n");
		return 0;
	}
	quic = list_entry(v, struct quic_sock, net_node);
	sk = &quic->inet.sk;
	if (READ_ONCE(sk->sk_state) != TCP_LISTEN)
		return 0;
	seq_printf(seq, "%pK %pISpc %u %u %u ", sk, &quic->local, quic->listener_id,
		   READ_ONCE(sk->sk_ack_backlog), READ_ONCE(sk->sk_max_ack_backlog));
	seq_escape(seq, quic->cfg.alpn[0] ? quic->cfg.alpn : "-", " \t\n\\");
	put_user_and_inode(seq, sk);
	return 0;
}

/* ---- stat ---- */

static const u32 stat_ciphers[] = {
	TLS_CIPHER_AES_GCM_128, TLS_CIPHER_AES_GCM_256,
	TLS_CIPHER_AES_CCM_128, TLS_CIPHER_CHACHA20_POLY1305,
};

static int stat_show(struct seq_file *seq, void *v)
{
	struct quic_net *qn = quic_pernet(seq_file_single_net(seq));
	const struct quic_cipher *cipher;
	u32 i;

	for (i = 0; i < QUIC_MIB_MAX; i++)
		seq_printf(seq, "%s %lu\n", quic_mib_names[i], quic_mib_read(qn, i));
	seq_printf(seq, "CurrOrphans %ld\n", atomic_long_read(&qn->orphans));
	seq_printf(seq, "HostVarObjects %ld\n", quic_host_var_objects());
	for (i = 0; i < ARRAY_SIZE(stat_ciphers); i++) {
		cipher = quic_cipher_find(stat_ciphers[i]);
		if (cipher)
			seq_printf(seq, "Driver %s %s\n", cipher->name,
				   quic_crypto_driver(cipher));
	}
	return 0;
}

/* ---- registration ---- */

static const struct seq_operations conns_ops = {
	.start	= list_start,
	.next	= list_next,
	.stop	= list_stop,
	.show	= conns_show,
};

static const struct seq_operations listeners_ops = {
	.start	= list_start,
	.next	= list_next,
	.stop	= list_stop,
	.show	= listeners_show,
};

/**
 * quic_proc_net_init - make /proc/net/quic
 * @net: namespace
 * Context: process. Return: 0 or -ENOMEM.
 */
int quic_proc_net_init(struct net *net)
{
#ifdef CONFIG_PROC_FS
	struct quic_net *qn = quic_pernet(net);

	qn->proc = proc_net_mkdir(net, "quic", net->proc_net);
	if (!qn->proc)
		return -ENOMEM;
	if (proc_create_net("conns", 0444, qn->proc, &conns_ops,
			    sizeof(struct seq_net_private)) &&
	    proc_create_net("listeners", 0444, qn->proc, &listeners_ops,
			    sizeof(struct seq_net_private)) &&
	    proc_create_net_single("stat", 0444, qn->proc, stat_show, NULL))
		return 0;
	quic_proc_net_exit(net);
	return -ENOMEM;
#else
	return 0;
#endif
}

/**
 * quic_proc_net_exit - and take it away
 * @net: namespace
 * Context: process.
 */
void quic_proc_net_exit(struct net *net)
{
#ifdef CONFIG_PROC_FS
	remove_proc_subtree("quic", net->proc_net);
	quic_pernet(net)->proc = NULL;
#endif
}
