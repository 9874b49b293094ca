/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal.h - what the files of libquicsock share; nothing here is exported
 */
#ifndef QUICSOCK_INTERNAL_H
#define QUICSOCK_INTERNAL_H

#include "quicsock.h"

/**
 * quicsock_apply_() - set the options of a new socket
 * @fd: unconnected socket
 * @o: complete options, see connect.c
 * @failed: out: name of the option that the kernel refused
 *
 * Return: 0, or -1 with errno of setsockopt(2), or EINVAL.
 */
int quicsock_apply_(int fd, const struct quicsock_opts *o, const char **failed);

#endif /* QUICSOCK_INTERNAL_H */
