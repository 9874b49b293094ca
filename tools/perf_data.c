// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What quicperf moves: random bytes or a file, their SHA-256, where they are written;
 * and what CPU time that takes
 *
 * All of it is outside the timed sections: bytes are drawn or mapped, and every page
 * touched, before one begins, and hashed and written after it has ended. Random bytes
 * repeat after DRAWN_MAX, so that length is not bounded by memory. For sendfile(2) they
 * are in a memfd: its pages are what is mapped, and what is hashed.
 *
 * With several streams each carries a slice of the bytes, one after the other in
 * memory: the hash of all of them is the same whatever order the streams come in.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "perf.h"

#define DRAWN_MAX	(256u << 20)	/* random data repeats after this */

double perf_cpu_s(void)
{
	struct rusage ru;

	getrusage(RUSAGE_THREAD, &ru);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

struct perf_ticks perf_ticks(void)
{
	unsigned long long user, nice, sys, idle, wait, irq, soft;
	struct perf_ticks t = { 0 };
	FILE *f = fopen("/proc/stat", "re");

	if (!f)
		return t;
	if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &sys, &idle,
		   &wait, &irq, &soft) == 7) {
		t.busy = user + nice + sys + irq + soft;
		t.all = t.busy + idle + wait;
	}
	fclose(f);
	return t;
}

double perf_busy(struct perf_ticks begin)
{
	struct perf_ticks t = perf_ticks();

	if (t.all <= begin.all)
		return -1;
	return (double)(t.busy - begin.busy) / (double)(t.all - begin.all);
}

void perf_hex(const uint8_t *digest, char *hex)
{
	size_t i;

	for (i = 0; i < SHA256_DIGEST_SIZE; i++)
		sprintf(hex + 2 * i, "%02x", digest[i]);
}

void perf_hash(const struct perf *p, uint8_t *digest, char *hex)
{
	uint64_t left = p->bytes;
	struct sha256_ctx ctx;
	size_t n;

	sha256_init(&ctx);
	for (; left; left -= n) {
		n = left < p->data_size ? (size_t)left : p->data_size;
		sha256_update(&ctx, n, p->data);
	}
	sha256_digest(&ctx, SHA256_DIGEST_SIZE, digest);
	perf_hex(digest, hex);
}

void *perf_memory(size_t size)
{
	void *p = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		err(EXIT_FAILED, "%zu bytes of memory", size);
	return p;
}

void perf_draw(uint8_t *p, size_t size)
{
	ssize_t n;

	while (size) {
		n = getrandom(p, size, 0);
		if (n < 0 && errno != EINTR)
			err(EXIT_FAILED, "getrandom");
		if (n < 0)
			continue;
		p += n;
		size -= (size_t)n;
	}
}

static void map_input(struct perf *p)
{
	struct stat st;
	int fd;

	fd = open(p->input, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		err(EXIT_FAILED, "%s", p->input);
	if (!st.st_size)
		errx(EXIT_FAILED, "%s: empty", p->input);
	p->bytes = (uint64_t)st.st_size;
	p->data_size = (size_t)st.st_size;
	p->data = mmap(NULL, p->data_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE,
		       fd, 0);
	if (p->data == MAP_FAILED)
		err(EXIT_FAILED, "%s", p->input);
	if (p->sendfile)
		p->file = fd;
	else
		close(fd);
}

/* A file in memory, for random bytes that sendfile(2) takes. */
static uint8_t *map_memfd(struct perf *p)
{
	uint8_t *data;

	p->file = memfd_create("quicperf", MFD_CLOEXEC);
	if (p->file < 0 || ftruncate(p->file, (off_t)p->data_size))
		err(EXIT_FAILED, "a file in memory");
	data = mmap(NULL, p->data_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		    p->file, 0);
	if (data == MAP_FAILED)
		err(EXIT_FAILED, "%zu bytes of memory", p->data_size);
	return data;
}

void perf_source(struct perf *p)
{
	if (p->input) {
		map_input(p);
		return;
	}
	p->data_size = p->bytes < DRAWN_MAX ? (size_t)p->bytes : DRAWN_MAX;
	p->data = p->sendfile ? map_memfd(p) : perf_memory(p->data_size);
	perf_draw(p->data, p->data_size);
}

uint64_t perf_slice(const struct perf *p, unsigned int i, uint64_t *size)
{
	uint64_t each = p->bytes / p->streams;

	*size = i + 1 < p->streams ? each : p->bytes - each * i;
	return each * i;
}

int perf_write(const struct perf *p)
{
	uint64_t off = 0;
	ssize_t n;
	int fd;

	fd = open(p->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	while (off < p->bytes) {
		n = write(fd, p->data + off, (size_t)(p->bytes - off));
		if (n < 0 && errno != EINTR)
			break;
		off += n > 0 ? (uint64_t)n : 0;
	}
	return close(fd) || off < p->bytes ? -1 : 0;
}
