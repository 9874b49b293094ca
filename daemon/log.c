// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Log lines on standard error.
 *
 * Each line is formatted on the stack and leaves in one write(), so lines of
 * different workers never mix and no lock is taken. Names come from peers and
 * from unprivileged programs: every byte that is not printable ASCII becomes
 * '?', so that a peer can neither forge a line nor send escape codes to a
 * terminal. Under systemd (JOURNAL_STREAM is set) a line starts with its
 * syslog priority.
 *
 * Not here: files, rotation, syslog(3). Whoever starts quicd owns its stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "log.h"

static const struct {
	const char *name;
	char priority;		/* of syslog(3) */
} levels[] = {
	[LOG_ERROR]	= { "error",	'3' },
	[LOG_WARNING]	= { "warning",	'4' },
	[LOG_INFO]	= { "info",	'6' },
	[LOG_DEBUG]	= { "debug",	'7' },
};

static enum log_level threshold = LOG_INFO;

/**
 * log_set_level - print lines up to @level from now on
 * @level: the least important level still printed
 *
 * Context: any thread; others see it soon.
 */
void log_set_level(enum log_level level)
{
	__atomic_store_n(&threshold, level, __ATOMIC_RELAXED);
}

/**
 * log_parse_level - find a level by its name
 * @name: "error", "warning", "info" or "debug"
 * @level: filled in if the name is known
 *
 * Return: whether it is.
 */
bool log_parse_level(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (!strcmp(name, levels[i].name)) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/**
 * log_print - write one line
 * @level: how important it is
 * @fmt: as printf, without the newline
 *
 * Context: any thread. A line longer than 1 KiB is cut.
 */
void log_print(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	size_t len = 0;
	va_list ap;
	int n;

	if (level > __atomic_load_n(&threshold, __ATOMIC_RELAXED))
		return;
	if (getenv("JOURNAL_STREAM"))
		len = (size_t)sprintf(line, "<%c>", levels[level].priority);
	len += (size_t)sprintf(line + len, "quicd: ");

	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	len += strlen(line + len);
	for (size_t i = 0; i < len; i++) {
		if (line[i] < ' ' || line[i] > '~')
			line[i] = '?';
	}
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return;		/* nobody listens: nothing better to do */
}
