// SPDX-License-Identifier: GPL-2.0
/*
 * Counters per network namespace: one array per CPU, added up by readers.
 *
 * Writers use quic_mib_inc() and quic_mib_add() of glue.h from any context; a sum
 * is exact once writers rest, and never goes down for what only counts up.
 * Names are made from the list in glue.h, so that none can be forgotten.
 */
#include "glue.h"

const char *const quic_mib_names[QUIC_MIB_MAX] = {
#define X(name) #name,
	QUIC_MIBS(X)
#undef X
};

/**
 * quic_mib_net_init - counters of a new namespace, all zero
 * @qn: namespace
 * Context: process, may sleep. Return: 0 or -ENOMEM.
 */
int quic_mib_net_init(struct quic_net *qn)
{
	qn->mib = alloc_percpu(struct quic_mib_pcpu);
	return qn->mib ? 0 : -ENOMEM;
}

/**
 * quic_mib_net_exit - free them
 * @qn: namespace that nobody counts in any more
 * Context: process.
 */
void quic_mib_net_exit(struct quic_net *qn)
{
	free_percpu(qn->mib);
	qn->mib = NULL;
}

unsigned long quic_mib_read(const struct quic_net *qn, enum quic_mib i)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(qn->mib, cpu)->v[i]);
	return sum;
}
