/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUICD_LOG_H
#define QUICD_LOG_H

#include <stdarg.h>
#include <stdbool.h>

/**
 * enum log_level - how much quicd says
 * @LOG_ERROR: somebody must act
 * @LOG_WARNING: something is odd but service goes on
 * @LOG_INFO: start, reload, stop, statistics
 * @LOG_DEBUG: every handshake
 */
enum log_level {
	LOG_ERROR,
	LOG_WARNING,
	LOG_INFO,
	LOG_DEBUG,
};

void log_set_level(enum log_level level);
bool log_parse_level(const char *name, enum log_level *level);
void log_print(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...)	 log_print(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_print(LOG_WARNING, __VA_ARGS__)
#define log_info(...)	 log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	 log_print(LOG_DEBUG, __VA_ARGS__)

#endif /* QUICD_LOG_H */
