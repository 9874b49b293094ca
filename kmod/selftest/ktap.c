// SPDX-License-Identifier: GPL-2.0
/*
 * The unit tests of kmod/core on a stock kernel: quicsock_test.ko.
 *
 * The module is made of the files of tests/unit, the core once more and the test
 * host of tests/shim; it has nothing of quicsock.ko and both may be loaded. Who
 * reads /proc/quicsock_test runs every case and reads KTAP: a line of plan, then
 * what each case said and its result, as soon as it has one. Readers take turns;
 * a signal that kills the reader ends the run before the next case.
 *
 * Where the kernel has KUnit, kunit.c takes this file's place.
 */
#include <linux/kconfig.h>
#if !IS_ENABLED(CONFIG_KUNIT)

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#include "../../tests/unit/unit.h"

#define KTAP_NAME	"quicsock_test"
#define KTAP_TEXT	8192	/* bytes of what one case says */

static DEFINE_MUTEX(ktap_lock);		/* the test host is one for all */

/*
 * The case that ran last. seq_file asks for a record again when its buffer was
 * too small: then the text is still here.
 */
static struct {
	loff_t pos;
	u32 failures;
	size_t len;
	char text[KTAP_TEXT];
} ktap_ran;

void unit_log(const char *fmt, ...)
{
	size_t room = KTAP_TEXT - ktap_ran.len;	/* the last byte is for '\n' */
	va_list ap;

	if (room < 2)
		return;
	va_start(ap, fmt);
	ktap_ran.len += vscnprintf(ktap_ran.text + ktap_ran.len, room - 1, fmt, ap);
	va_end(ap);
	ktap_ran.text[ktap_ran.len++] = '\n';
}

static u32 ktap_cases(void)
{
	u32 i, n = 0;

	for (i = 0; unit_suites[i]; i++)
		n += unit_suites[i]->n;
	return n;
}

/* Case @pos of all, counted from 1, or NULL; *@suite is its suite. */
static const struct unit_case *ktap_case(loff_t pos, const struct unit_suite **suite)
{
	u32 i;

	for (i = 0; unit_suites[i]; i++) {
		*suite = unit_suites[i];
		if (pos <= unit_suites[i]->n)
			return &unit_suites[i]->cases[pos - 1];
		pos -= unit_suites[i]->n;
	}
	return NULL;
}

static void *ktap_at(loff_t pos)
{
	const struct unit_suite *suite;

	if (fatal_signal_pending(current))
		return ERR_PTR(-EINTR);
	return pos ? (void *)ktap_case(pos, &suite) : SEQ_START_TOKEN;
}

static void *ktap_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&ktap_lock);
	if (!*pos)
		ktap_ran.pos = 0;
	return ktap_at(*pos);
}

static void *ktap_next(struct seq_file *m, void *v, loff_t *pos)
{
	return ktap_at(++*pos);
}

static void ktap_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&ktap_lock);
}

static int ktap_show(struct seq_file *m, void *v)
{
	const struct unit_suite *suite;
	const struct unit_case *c;
	loff_t pos = m->index;

	if (v == SEQ_START_TOKEN) {
		seq_printf(m, "KTAP version 1\n1..%u\n", ktap_cases());
		return 0;
	}
	c = ktap_case(pos, &suite);
	if (ktap_ran.pos != pos) {
		ktap_ran.len = 0;
		ktap_ran.failures = unit_run(suite, c);
		ktap_ran.pos = pos;
	}
	seq_write(m, ktap_ran.text, ktap_ran.len);
	seq_printf(m, "%sok %lld %s.%s\n", ktap_ran.failures ? "not " : "", pos,
		   suite->name, c->name);
	return 0;
}

static const struct seq_operations ktap_ops = {
	.start	= ktap_start,
	.next	= ktap_next,
	.stop	= ktap_stop,
	.show	= ktap_show,
};

static int __init ktap_init(void)
{
	return proc_create_seq(KTAP_NAME, 0400, NULL, &ktap_ops) ? 0 : -ENOMEM;
}

static void __exit ktap_exit(void)
{
	remove_proc_entry(KTAP_NAME, NULL);
}

module_init(ktap_init);
module_exit(ktap_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Unit tests of quicsock's protocol core");

#endif /* !KUNIT */
