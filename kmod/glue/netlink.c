// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink family quic_hs, the side that the daemon calls: REGISTER and
 * FLIGHT, and the list of its workers.
 *
 * A message is judged in three steps, none of which changes anything: the policies
 * below (types, exact or bounded lengths, ranges, no unknown attributes), the
 * table of which attributes each action needs and may have, and what types cannot
 * say (a secret's length is its cipher's). The result is an array that handshake.c
 * carries out.
 *
 * Workers: one per netlink socket, known by namespace and port. REGISTER wants
 * CAP_NET_ADMIN in the user namespace that owns the namespace (the family's
 * GENL_UNS_ADMIN_PERM); a FLIGHT is worth something only from the port that START
 * went to. When the socket is closed, the release notifier takes the worker off
 * the list and wakes the handshakes it was running, which then fail. A handshake
 * goes to the next worker of its own namespace in turn; to one of the initial
 * namespace when it has none and the sysctl allows.
 *
 * Operations run in parallel (parallel_ops): quic_hs_lock protects the list.
 */
#include <linux/notifier.h>
#include <net/genetlink.h>
#include <net/netlink.h>

#include "handshake.h"

static LIST_HEAD(workers);	/* quic_hs_lock; the next in turn is first */

/* ---- workers ---- */

void quic_hs_worker_put(struct quic_hs_worker *w)
{
	if (refcount_dec_and_test(&w->refs))
		kfree(w);
}

static struct quic_hs_worker *worker_find(const struct net *net, u32 portid)
{
	struct quic_hs_worker *w;

	list_for_each_entry(w, &workers, node)
		if (w->portid == portid && net_eq(w->net, net))
			return w;
	return NULL;
}

static struct quic_hs_worker *worker_of(const struct net *net)
{
	struct quic_hs_worker *w;

	list_for_each_entry(w, &workers, node) {
		if (!net_eq(w->net, net))
			continue;
		list_move_tail(&w->node, &workers);
		return w;
	}
	return NULL;
}

bool quic_hs_worker_pick(struct quic_hs *hs)
{
	struct quic_hs_worker *w, *old = hs->worker;

	spin_lock_bh(&quic_hs_lock);
	w = worker_of(sock_net(hs->sk));
	if (!w && READ_ONCE(quic_hs_fallback))
		w = worker_of(&init_net);
	if (w)
		refcount_inc(&w->refs);
	hs->worker = w;
	spin_unlock_bh(&quic_hs_lock);
	if (old)
		quic_hs_worker_put(old);
	return w;
}

/* Every netlink socket that is closed, of whatever family, passes here. */
static int on_release(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct netlink_notify *n = ptr;
	struct quic_hs_worker *w;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	spin_lock_bh(&quic_hs_lock);
	w = worker_find(n->net, n->portid);
	if (w) {
		list_del(&w->node);
		w->dead = true;
		quic_hs_kick_orphans(w);
	}
	spin_unlock_bh(&quic_hs_lock);
	if (w)
		quic_hs_worker_put(w);
	return NOTIFY_DONE;
}

static struct notifier_block release_nb = {
	.notifier_call = on_release,
};

static int do_register(struct sk_buff *skb, struct genl_info *info)
{
	struct quic_hs_worker *w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);

	if (!w)
		return -ENOMEM;
	w->net = genl_info_net(info);
	w->portid = info->snd_portid;
	refcount_set(&w->refs, 1);
	spin_lock_bh(&quic_hs_lock);
	if (worker_find(w->net, w->portid)) {
		spin_unlock_bh(&quic_hs_lock);
		kfree(w);
		NL_SET_ERR_MSG(info->extack, "this socket is registered already");
		return -EBUSY;
	}
	list_add(&w->node, &workers);
	spin_unlock_bh(&quic_hs_lock);
	quic_hs_kick_waiting();
	return 0;
}

/* ---- policies ---- */

static const struct nla_policy act_policy[QUIC_HS_ACT_MAX + 1] = {
	[QUIC_HS_ACT_TYPE] = NLA_POLICY_RANGE(NLA_U32, QUIC_HS_ACTION_SELECT,
					      QUIC_HS_ACTION_MAX),
	[QUIC_HS_ACT_LISTENER] = { .type = NLA_U32 },
	[QUIC_HS_ACT_LEVEL] = NLA_POLICY_MAX(NLA_U32, QUIC_CRYPTO_EARLY),
	[QUIC_HS_ACT_CRYPTO] = NLA_POLICY_RANGE(NLA_BINARY, 1, QUIC_HS_CRYPTO_MAX),
	[QUIC_HS_ACT_SEND] = NLA_POLICY_MAX(NLA_U32, 1),
	[QUIC_HS_ACT_CIPHER] = { .type = NLA_U32 },
	[QUIC_HS_ACT_SECRET] = NLA_POLICY_RANGE(NLA_BINARY, 32, QUIC_HS_SECRET_MAX),
	[QUIC_HS_ACT_TPARAMS] = { .type = NLA_BINARY, .len = QUIC_HS_TPARAMS_MAX },
	[QUIC_HS_ACT_ALPN] = { .type = NLA_STRING, .len = QUIC_HS_ALPN_MAX },
	[QUIC_HS_ACT_CHAIN] = { .type = NLA_BINARY, .len = QUIC_HS_CHAIN_MAX },
	[QUIC_HS_ACT_RESUMED] = { .type = NLA_FLAG },
	[QUIC_HS_ACT_ERRNO] = NLA_POLICY_RANGE(NLA_U32, 1, MAX_ERRNO),
	[QUIC_HS_ACT_ALERT] = NLA_POLICY_MAX(NLA_U32, 255),
	[QUIC_HS_ACT_TEXT] = { .type = NLA_STRING, .len = QUIC_HS_TEXT_MAX },
	[QUIC_HS_ACT_TICKET] = { .type = NLA_BINARY },
	[QUIC_HS_ACT_VERSION] = { .type = NLA_U32 },
	[QUIC_HS_ACT_EARLY_ACCEPTED] = { .type = NLA_FLAG },
};

static const struct nla_policy flight_policy[QUIC_HS_A_MAX + 1] = {
	[QUIC_HS_A_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[QUIC_HS_A_ACTION] = NLA_POLICY_NESTED(act_policy),
};

/* No attributes: none is known. */
static const struct nla_policy register_policy[QUIC_HS_A_PAD + 1] = {
	[QUIC_HS_A_PAD] = { .type = NLA_REJECT },
};

#define ACT(name)	BIT(QUIC_HS_ACT_##name)

/* What an action's nest holds besides TYPE. */
static const struct {
	u32 need;
	u32 may;
} act_rows[QUIC_HS_ACTION_MAX + 1] = {
	[QUIC_HS_ACTION_SELECT] = { .need = ACT(LISTENER), .may = ACT(VERSION) },
	[QUIC_HS_ACTION_CRYPTO] = { .need = ACT(LEVEL) | ACT(CRYPTO) },
	[QUIC_HS_ACTION_SECRET] = { .need = ACT(LEVEL) | ACT(SEND) | ACT(CIPHER) |
					    ACT(SECRET) },
	[QUIC_HS_ACTION_PEER_PARAMS] = { .need = ACT(TPARAMS),
					 .may = ACT(LEVEL) | ACT(EARLY_ACCEPTED) },
	[QUIC_HS_ACTION_DONE] = { .may = ACT(ALPN) | ACT(CHAIN) | ACT(RESUMED) },
	[QUIC_HS_ACTION_FAIL] = { .need = ACT(ERRNO), .may = ACT(ALERT) | ACT(TEXT) },
	[QUIC_HS_ACTION_TICKET] = { .need = ACT(TICKET) },
};

/* ---- FLIGHT ---- */

static int parse_secret(struct quic_hs_act *act, struct nlattr **tb,
			struct netlink_ext_ack *extack)
{
	act->send = nla_get_u32(tb[QUIC_HS_ACT_SEND]);
	act->cipher = quic_cipher_find(nla_get_u32(tb[QUIC_HS_ACT_CIPHER]));
	if (act->level == QUIC_CRYPTO_INITIAL) {
		NL_SET_ERR_MSG_ATTR(extack, tb[QUIC_HS_ACT_LEVEL],
				    "no secrets can be installed at this level");
		return -EOPNOTSUPP;
	}
	if (!act->cipher) {
		NL_SET_ERR_MSG_ATTR(extack, tb[QUIC_HS_ACT_CIPHER], "unknown cipher");
		return -EOPNOTSUPP;
	}
	if (act->len != act->cipher->secret_len) {
		NL_SET_ERR_MSG_ATTR(extack, tb[QUIC_HS_ACT_SECRET],
				    "the secret is not as long as the cipher's hash");
		return -EINVAL;
	}
	return 0;
}

/* Certificates, each after its length in a u32. */
static int check_chain(const struct quic_hs_act *act, struct nlattr **tb,
		       struct netlink_ext_ack *extack)
{
	u32 off = 0, len;

	while (act->len - off > sizeof(len)) {
		memcpy(&len, act->data + off, sizeof(len));
		off += sizeof(len);
		if (!len || len > act->len - off)
			break;
		off += len;
		if (off == act->len)
			return 0;
	}
	if (!act->len)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, tb[QUIC_HS_ACT_CHAIN], "malformed chain");
	return -EINVAL;
}

static void set_data(struct quic_hs_act *act, const struct nlattr *nla)
{
	if (!nla)
		return;
	act->data = nla_data(nla);
	act->len = nla_len(nla);
}

static int parse_version(struct quic_hs_act *act, const struct nlattr *nla,
			 struct netlink_ext_ack *extack)
{
	if (!nla)
		return 0;
	act->version = nla_get_u32(nla);
	if (quic_version_known(act->version))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, nla, "a QUIC version that this kernel does not speak");
	return -EOPNOTSUPP;
}

static int parse_params(struct quic_hs_act *act, struct nlattr **tb,
			struct netlink_ext_ack *extack)
{
	set_data(act, tb[QUIC_HS_ACT_TPARAMS]);
	act->remembered = tb[QUIC_HS_ACT_LEVEL];
	act->early_accepted = tb[QUIC_HS_ACT_EARLY_ACCEPTED];
	if (act->remembered && act->level != QUIC_CRYPTO_EARLY) {
		NL_SET_ERR_MSG_ATTR(extack, tb[QUIC_HS_ACT_LEVEL],
				    "parameters have the level EARLY, or none");
		return -EINVAL;
	}
	if (act->remembered && act->early_accepted) {
		NL_SET_ERR_MSG_ATTR(extack, tb[QUIC_HS_ACT_EARLY_ACCEPTED],
				    "remembered parameters accept nothing");
		return -EINVAL;
	}
	return 0;
}

static int parse_kind(struct quic_hs_act *act, struct nlattr **tb,
		      struct netlink_ext_ack *extack)
{
	switch (act->type) {
	case QUIC_HS_ACTION_SELECT:
		act->listener = nla_get_u32(tb[QUIC_HS_ACT_LISTENER]);
		return parse_version(act, tb[QUIC_HS_ACT_VERSION], extack);
	case QUIC_HS_ACTION_CRYPTO:
		set_data(act, tb[QUIC_HS_ACT_CRYPTO]);
		if (act->level != QUIC_CRYPTO_EARLY)
			return 0;
		NL_SET_ERR_MSG_ATTR(extack, tb[QUIC_HS_ACT_LEVEL],
				    "0-RTT packets carry no TLS bytes");
		return -EINVAL;
	case QUIC_HS_ACTION_SECRET:
		set_data(act, tb[QUIC_HS_ACT_SECRET]);
		return parse_secret(act, tb, extack);
	case QUIC_HS_ACTION_PEER_PARAMS:
		return parse_params(act, tb, extack);
	case QUIC_HS_ACTION_DONE:
		set_data(act, tb[QUIC_HS_ACT_CHAIN]);
		act->text = tb[QUIC_HS_ACT_ALPN];
		return check_chain(act, tb, extack);
	case QUIC_HS_ACTION_FAIL:
		act->error = nla_get_u32(tb[QUIC_HS_ACT_ERRNO]);
		act->alert = tb[QUIC_HS_ACT_ALERT] ?
			     (int)nla_get_u32(tb[QUIC_HS_ACT_ALERT]) : -1;
		act->text = tb[QUIC_HS_ACT_TEXT];
		return 0;
	}
	NL_SET_ERR_MSG_ATTR(extack, tb[QUIC_HS_ACT_TYPE],
			    "tickets are not kept by this kernel");
	return -EOPNOTSUPP;
}

static int parse_act(struct quic_hs_act *act, const struct nlattr *nest,
		     struct netlink_ext_ack *extack)
{
	struct nlattr *tb[QUIC_HS_ACT_MAX + 1];
	u32 have = 0, i;
	int err;

	err = nla_parse_nested(tb, QUIC_HS_ACT_MAX, nest, act_policy, extack);
	if (err)
		return err;
	if (!tb[QUIC_HS_ACT_TYPE]) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "an action without TYPE");
		return -EINVAL;
	}
	act->nest = nest;
	act->type = nla_get_u32(tb[QUIC_HS_ACT_TYPE]);
	for (i = QUIC_HS_ACT_TYPE + 1; i <= QUIC_HS_ACT_MAX; i++)
		if (tb[i])
			have |= BIT(i);
	if (act_rows[act->type].need & ~have ||
	    have & ~(act_rows[act->type].need | act_rows[act->type].may)) {
		NL_SET_ERR_MSG_ATTR(extack, nest,
				    "an action with too few or too many attributes");
		return -EINVAL;
	}
	if (tb[QUIC_HS_ACT_LEVEL])
		act->level = nla_get_u32(tb[QUIC_HS_ACT_LEVEL]);
	return parse_kind(act, tb, extack);
}

static int parse_flight(struct quic_hs_flight *flight, struct genl_info *info)
{
	struct nlattr *tb[QUIC_HS_A_MAX + 1];
	const struct nlattr *nla;
	int left, err;

	err = nlmsg_parse(info->nlhdr, GENL_HDRLEN, tb, QUIC_HS_A_MAX, flight_policy,
			  info->extack);
	if (err)
		return err;
	if (NL_REQ_ATTR_CHECK(info->extack, NULL, tb, QUIC_HS_A_ID) ||
	    NL_REQ_ATTR_CHECK(info->extack, NULL, tb, QUIC_HS_A_ACTION))
		return -EINVAL;
	flight->id = nla_get_u64(tb[QUIC_HS_A_ID]);
	nlmsg_for_each_attr(nla, info->nlhdr, GENL_HDRLEN, left) {
		if (nla_type(nla) != QUIC_HS_A_ACTION)
			continue;
		if (flight->n == QUIC_HS_ACTIONS_MAX) {
			NL_SET_ERR_MSG(info->extack, "too many actions");
			return -E2BIG;
		}
		err = parse_act(&flight->act[flight->n++], nla, info->extack);
		if (err)
			return err;
	}
	return 0;
}

/*
 * The message is the kernel's copy, and nobody else has use for what is in it: all
 * of it goes, also where it could not be understood. The answer may quote it.
 */
static void zero_message(const struct genl_info *info)
{
	memzero_explicit(genlmsg_data(info->genlhdr), genlmsg_len(info->genlhdr));
}

static int do_flight(struct sk_buff *skb, struct genl_info *info)
{
	struct quic_hs_flight *flight;
	int err = -ENOMEM;

	flight = quic_may_fail(QUIC_FAIL_HS, kzalloc(sizeof(*flight), GFP_KERNEL));
	if (flight)
		err = parse_flight(flight, info);
	if (!err)
		err = quic_hs_execute(flight, genl_info_net(info), info->snd_portid,
				      info->extack);
	zero_message(info);
	kfree(flight);
	return err;
}

/* ---- the family ---- */

static const struct genl_ops ops[] = {
	{
		.cmd = QUIC_HS_CMD_REGISTER,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = register_policy,
		.maxattr = ARRAY_SIZE(register_policy) - 1,
		.doit = do_register,
	},
	{
		/* its policy is applied by do_flight(), which zeroises what fails */
		.cmd = QUIC_HS_CMD_FLIGHT,
		.doit = do_flight,
	},
};

struct genl_family quic_hs_family __ro_after_init = {
	.name = QUIC_HS_GENL_NAME,
	.version = QUIC_HS_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	/* below it an operation may do without a policy: FLIGHT has its own */
	.resv_start_op = QUIC_HS_CMD_MAX + 1,
};

int quic_hs_netlink_init(void)
{
	int err = netlink_register_notifier(&release_nb);

	if (err)
		return err;
	err = genl_register_family(&quic_hs_family);
	if (err)
		netlink_unregister_notifier(&release_nb);
	return err;
}

/* No handshake runs, and with the family gone no worker comes: free the idle ones. */
void quic_hs_netlink_exit(void)
{
	struct quic_hs_worker *w, *next;

	genl_unregister_family(&quic_hs_family);
	netlink_unregister_notifier(&release_nb);
	list_for_each_entry_safe(w, next, &workers, node)
		quic_hs_worker_put(w);
}
