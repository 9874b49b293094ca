/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What there is once per network namespace: counters, sockets, the rates of answers.
 * QUIC_MIBS is the one list of the counters; names in /proc/net/quic/stat and the
 * indices derive from it.
 */
#ifndef QUIC_GLUE_PERNET_H
#define QUIC_GLUE_PERNET_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

struct ctl_table_header;
struct net;
struct proc_dir_entry;

/* ---- mib.c: counters per namespace, per CPU ---- */

#define QUIC_MIBS(X) \
	X(CurrEstab) X(PassiveOpens) X(ActiveOpens) X(HandshakeFails) \
	X(InDatagrams) X(InTrains) X(InPackets) X(OutDatagrams) X(OutTrains) \
	X(OutPackets) X(OutBytesCopied) X(OutBytesLent) X(OutBytesJoined) \
	X(InCe) X(OutEct) X(EcnCapable) X(EcnFailed) \
	X(Probes) X(LossesSpurious) X(CongestionEvents) X(ReductionsUndone) \
	X(PersistentCongestion) X(PacingStops) X(PacingTimers) X(OutTimed) X(WindowsGrown) \
	X(PathChanged) X(PathValidated) X(PathFailed) X(DropAddress) \
	X(DropIcmp) \
	X(OpenInPlace) X(OpenBounced) X(OpenDeferred) \
	X(TrainsLeft) X(TrainsLate) X(SendsLeft) X(QueueStops) X(QueueResumes) \
	X(SealDeferred) X(CryptoAsync) \
	X(DropShort) X(DropHeader) X(DropVersion) X(DropUnknownCid) \
	X(DropChecksum) X(DropFilter) X(DropDecrypt) X(DropNoKeys) X(DropMemory) \
	X(DropBacklog) X(DropRcvbuf) X(DropInitialQueue) X(DropInitialSmall) X(EmbryosEvicted) \
	X(DgramFramesOut) X(DgramFramesIn) X(DgramFramesLost) \
	X(DropDgramSend) X(DropDgramRecv) \
	X(InEarlyPackets) X(OutEarlyPackets) X(EarlyKept) X(DropEarly) \
	X(KeyUpdatesLocal) X(KeyUpdatesPeer) X(KeyUpdateFails) X(EarlyPhaseParked) \
	X(DropDuplicate) X(MemcgOwed) X(OrphansRefused) X(VersionNegSent) X(ResetSent) \
	X(ResetRecv) X(XmitError) \
	X(RetrySent) X(RetryRecv) X(VersionNegRecv) X(VersionsChanged) \
	X(TokensAccepted) X(TokensRefused) X(TokensReplayed) X(NewTokensSent) X(AnswersLimited)

enum quic_mib {
#define X(name) QUIC_MIB_##name,
	QUIC_MIBS(X)
#undef X
	QUIC_MIB_MAX
};

struct quic_mib_pcpu {
	unsigned long v[QUIC_MIB_MAX];
};

/* ---- per network namespace ---- */

/* Kinds of answers that need no connection, each with a rate of its own (answer.c). */
enum quic_answer {
	QUIC_ANSWER_RETRY, QUIC_ANSWER_VERSION, QUIC_ANSWER_RESET,
	QUIC_ANSWER_REFUSAL,	/* INVALID_TOKEN */
	QUIC_ANSWERS
};

struct quic_bucket {
	spinlock_t lock;		/* of both */
	u64 filled;			/* when it was filled up last, ns */
	u32 left;			/* so many more may leave now */
};

struct quic_net {
	struct quic_mib_pcpu __percpu *mib;
	struct list_head udps;		/* struct quic_udp, quic_udp_mutex */
	struct list_head socks;		/* every QUIC socket, for procfs; @socks_lock */
	spinlock_t socks_lock;
	atomic_long_t orphans;		/* connections that their users have closed */
	atomic_long_t orphan_bytes;	/* what they had to deliver then */
	struct quic_bucket answers[QUIC_ANSWERS];
	unsigned int cid_len;		/* sysctl: a new socket's, see struct quic_sock_config */
	struct proc_dir_entry *proc;
	struct ctl_table_header *sysctl;	/* the module's, in the first namespace */
	struct ctl_table_header *sysctl_own;
	struct ctl_table *sysctl_table;		/* of @sysctl_own */
};

struct quic_net *quic_pernet(const struct net *net);

/* @i: enum quic_mib */
#define quic_mib_add_at(net, i, n) \
	this_cpu_add(quic_pernet(net)->mib->v[i], (unsigned long)(n))
#define quic_mib_add(net, name, n) quic_mib_add_at(net, QUIC_MIB_##name, n)
#define quic_mib_inc(net, name) quic_mib_add(net, name, 1)

int quic_mib_net_init(struct quic_net *qn);
void quic_mib_net_exit(struct quic_net *qn);
/* Sum over CPUs. */
unsigned long quic_mib_read(const struct quic_net *qn, enum quic_mib i);
extern const char *const quic_mib_names[QUIC_MIB_MAX];

#endif /* QUIC_GLUE_PERNET_H */
