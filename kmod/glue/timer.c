// SPDX-License-Identifier: GPL-2.0
/*
 * The two timers of a connection, its work item, and the module's workqueue.
 *
 * Coarse timer: the core's one deadline (loss, PTO, ACK, idle, closing), on the
 * timer wheel. Lazy: it is only ever moved to an earlier time; when it fires too
 * early it is armed again for what is due then. With a deadline that moves away
 * with every packet this costs one re-arming per time-out, not one per batch.
 *
 * Pacing timer: soft hrtimer, armed only while pacing, a lack of memory, or what lies below
 * (queue.c) stopped a build.
 *
 * Both find the lock either free, and run the core right there in softirq, or
 * owned, and leave a bit in @deferred that release_sock() acts on (rx.c). The
 * work item is for sending when softirq may not use SIMD (xmit.c).
 *
 * References: an armed timer and a queued work item hold one each. It is taken
 * when the timer goes from idle to armed and dropped by the callback, or by who
 * took the timer back before it fired; never by both, since only one of
 * "cancelled" and "callback runs" happens to each arming. The bit in @deferred
 * needs none: the owner of the lock has its own until after release_sock().
 *
 * quic_timers_stop() never waits for a callback: called from within one it would
 * wait for itself, and a callback that still runs finds @attached false.
 */
#include "answer.h"
#include "../compat/timer.h"

#define HOLD_NS		(200 * QUIC_NS_PER_MS)	/* as TCP waits with MSG_MORE */

struct workqueue_struct *quic_wq;

void quic_timer_run(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u64 now = quic_now();

	qs->timer_at = QUIC_TIME_NEVER;
	if (!qs->attached)
		return;
	if (unlikely(quic_sealed_any(sk)))
		quic_sealed_timer(sk);
	if (quic_conn_deadline(qs->conn) <= now)
		quic_conn_on_timer(qs->conn, now);
	quic_settle(sk);
}

static void timer_fn(struct timer_list *t)
{
	struct quic_sock *qs = timer_container_of(qs, t, timer);
	struct sock *sk = &qs->inet.sk;

	bh_lock_sock(sk);
	if (sock_owned_by_user(sk))
		set_bit(QUIC_DEFER_TIMER, &qs->deferred);
	else
		quic_timer_run(sk);
	bh_unlock_sock(sk);
	sock_put(sk);
}

void quic_timers_send(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);

	bh_lock_sock(sk);
	if (sock_owned_by_user(sk)) {
		set_bit(QUIC_DEFER_TX, &qs->deferred);
	} else if (qs->attached) {
		qs->tx_owed = false;
		quic_xmit(sk);
		quic_settle(sk);
	}
	bh_unlock_sock(sk);
}

static enum hrtimer_restart pacing_fn(struct hrtimer *t)
{
	struct quic_sock *qs = container_of(t, struct quic_sock, pacing_timer);
	struct sock *sk = &qs->inet.sk;

	quic_mib_inc(sock_net(sk), PacingTimers);
	quic_timers_send(sk);
	sock_put(sk);
	return HRTIMER_NORESTART;
}

static void work_fn(struct work_struct *work)
{
	struct quic_sock *qs = container_of(work, struct quic_sock, work);
	struct sock *sk = &qs->inet.sk;

	lock_sock(sk);
	if (qs->attached) {
		quic_first_answer_run(sk);
		quic_version_run(sk);
		quic_hs_crypto(sk);
		quic_xmit(sk);
		quic_settle(sk);
	}
	release_sock(sk);
	sock_put(sk);
}

void quic_work_queue(struct sock *sk)
{
	/*
	 * The work cannot drop the reference before it is taken: it waits for
	 * the lock that the caller holds.
	 */
	if (queue_work(quic_wq, &quic_sk(sk)->work))
		sock_hold(sk);
}

static void arm_coarse(struct sock *sk, u64 at)
{
	struct quic_sock *qs = quic_sk(sk);
	u64 now, wait;

	if (at >= qs->timer_at)
		return;
	now = quic_now();
	/* Idle time-outs come from the peer and may be centuries. */
	wait = at > now ? min(at - now, 3600 * QUIC_NS_PER_SEC) : 0;
	qs->timer_at = at;
	sk_reset_timer(sk, &qs->timer, jiffies + 1 + nsecs_to_jiffies(wait));
}

/*
 * Three cases. Taken back: its reference is ours again. Idle, or its callback runs:
 * the one it had is the callback's, so take another. Its callback runs and it was
 * armed again meanwhile: that arming has a reference and cannot be taken back now,
 * nor be moved without counting twice; it fires, a little late.
 */
static void arm_pacing(struct sock *sk, u64 at)
{
	struct hrtimer *t = &quic_sk(sk)->pacing_timer;
	int taken;

	if (hrtimer_is_queued(t) && ktime_to_ns(hrtimer_get_expires(t)) <= at)
		return;
	taken = hrtimer_try_to_cancel(t);
	if (taken < 0 && hrtimer_is_queued(t))
		return;
	if (taken != 1)
		sock_hold(sk);
	hrtimer_start(t, ns_to_ktime(at), HRTIMER_MODE_ABS_PINNED_SOFT);
}

void quic_timers_retry(struct sock *sk, u64 wait)
{
	if (quic_sk(sk)->attached)
		arm_pacing(sk, quic_now() + wait);
}

void quic_timers_look(struct sock *sk, u64 at)
{
	if (quic_sk(sk)->attached)
		arm_coarse(sk, at);
}

/* quic_timer_run() settles, due or not, and that sends. */
void quic_timers_hold(struct sock *sk)
{
	if (quic_sk(sk)->attached)
		arm_coarse(sk, quic_now() + HOLD_NS);
}

/**
 * quic_timers_update - set both timers to what the core asks for
 * @sk: socket, lock held
 * Context: process or softirq.
 */
void quic_timers_update(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);
	u64 at;

	if (!qs->attached)
		return;
	arm_coarse(sk, quic_conn_deadline(qs->conn));
	at = quic_conn_pacing_deadline(qs->conn);
	/* while nothing is built it is the last build's, and may be over */
	if (at != QUIC_TIME_NEVER && !quic_queue_stopped(sk))
		arm_pacing(sk, at);
}

void quic_timers_init(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);

	timer_setup(&qs->timer, timer_fn, 0);
	qs->timer_at = QUIC_TIME_NEVER;
	hrtimer_setup(&qs->pacing_timer, pacing_fn, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_PINNED_SOFT);
	INIT_WORK(&qs->work, work_fn);
	quic_queue_init(sk);
	quic_rekey_init(sk);
	INIT_LIST_HEAD(&qs->rx_backlog);
	skb_queue_head_init(&qs->pending);
	skb_queue_head_init(&qs->sealed);
	spin_lock_init(&qs->accept_lock);
	INIT_LIST_HEAD(&qs->accept_q);
	INIT_LIST_HEAD(&qs->accept_node);
	INIT_HLIST_NODE(&qs->listen_node);
}

void quic_timers_stop(struct sock *sk)
{
	struct quic_sock *qs = quic_sk(sk);

	sk_stop_timer(sk, &qs->timer);
	qs->timer_at = QUIC_TIME_NEVER;
	if (hrtimer_try_to_cancel(&qs->pacing_timer) == 1)
		__sock_put(sk);
	quic_rx_purge(sk);
	quic_sealed_purge(sk);
}

/**
 * quic_wq_init - make the workqueue
 * Context: module init. Return: 0 or -ENOMEM.
 */
int quic_wq_init(void)
{
	quic_wq = alloc_workqueue("quicsock", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return quic_wq ? 0 : -ENOMEM;
}

/* Waits for what still runs: a work item may outlive the socket it freed. */
void quic_wq_exit(void)
{
	destroy_workqueue(quic_wq);
}
