// SPDX-License-Identifier: MIT
#include "link.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RESEND_AFTER_NS 1000000000ULL

struct link_frame {
	struct link_frame *next;
	uint64_t seq;
	size_t len;
	char payload[];
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static uint32_t crc32_of(const char *data, size_t len)
{
	uint32_t crc = ~0u;

	while (len--) {
		crc ^= (unsigned char)*data++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static bool must_escape(unsigned char c)
{
	return c < 0x20 || c == '\\' || c == 0x7f;
}

static size_t escape(char *dst, const char *src, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	char *p = dst;

	for (; len; len--, src++) {
		unsigned char c = (unsigned char)*src;

		if (must_escape(c)) {
			*p++ = '\\';
			*p++ = 'x';
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		} else {
			*p++ = (char)c;
		}
	}
	return (size_t)(p - dst);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* In place; the result is never longer. -EINVAL on a torn escape. */
static int unescape(char *s, size_t len, size_t *ret_len)
{
	char *dst = s;
	size_t i = 0;

	while (i < len) {
		int hi, lo;

		if (s[i] != '\\') {
			*dst++ = s[i++];
			continue;
		}
		if (len - i < 4 || s[i + 1] != 'x')
			return -EINVAL;
		hi = hex_digit(s[i + 2]);
		lo = hex_digit(s[i + 3]);
		if (hi < 0 || lo < 0)
			return -EINVAL;
		*dst++ = (char)(hi << 4 | lo);
		i += 4;
	}
	*ret_len = (size_t)(dst - s);
	return 0;
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return; /* as good as lost: the frame is sent again */
		data += n;
		len -= (size_t)n;
	}
}

static void write_frame(struct link *link, uint64_t seq, const char *payload,
			size_t len)
{
	/* A newline first: it ends what a move has torn. */
	static char line[LINK_LINE_MAX];
	int n = snprintf(line, 96, "\n@%s %llu %llu ", link->session,
			 (unsigned long long)seq,
			 (unsigned long long)link->rx_last);
	size_t size = (size_t)n + escape(line + n, payload, len);

	n = snprintf(line + size, 16, " #%08x\n",
		     crc32_of(line + 1, size - 1));
	write_all(link->fd, line, size + (size_t)n);
	link->owes_ack = false;
}

static void write_word(struct link *link, const char *word)
{
	write_frame(link, 0, word, strlen(word));
}

static void drop_acked(struct link *link, uint64_t acked)
{
	struct link_frame *f;

	if (acked > link->tx_last)
		return;
	while ((f = link->head) && f->seq <= acked) {
		link->head = f->next;
		link->kept_bytes -= f->len;
		link->progress_ns = now_ns();
		free(f);
	}
	if (!link->head)
		link->tail = NULL;
}

static void send_again(struct link *link)
{
	for (struct link_frame *f = link->head; f; f = f->next)
		write_frame(link, f->seq, f->payload, f->len);
	link->progress_ns = now_ns();
}

static void begin_session(struct link *link, const char *session)
{
	if (!memcmp(link->session, session, LINK_SESSION_SIZE)) {
		send_again(link);
		return;
	}
	drop_acked(link, link->tx_last);
	memcpy(link->session, session, LINK_SESSION_SIZE);
	link->tx_last = 0;
	link->rx_last = 0;
	link->asked = false;
	link->on_reset(link);
}

static void handle_word(struct link *link, const char *word, size_t len)
{
	if (len == 6 && !memcmp(word, "resend", 6))
		send_again(link);
}

static void handle_numbered(struct link *link, uint64_t seq, char *payload,
			    size_t len)
{
	link->owes_ack = true;
	if (seq <= link->rx_last)
		return;
	if (seq == link->rx_last + 1) {
		link->rx_last = seq;
		link->asked = false;
		link->on_frame(link, payload, len);
	} else if (!link->asked) {
		link->asked = true;
		write_word(link, "resend");
	}
}

/* Decimal number and the blank behind it. */
static char *parse_number(char *p, const char *end, uint64_t *ret)
{
	uint64_t value = 0;
	char *start = p;

	for (; p < end && *p >= '0' && *p <= '9' && p - start < 18; p++)
		value = value * 10 + (uint64_t)(*p - '0');
	if (p == start || p == end || *p != ' ')
		return NULL;
	*ret = value;
	return p + 1;
}

static void handle_line(struct link *link, char *line, size_t len)
{
	char *end, *p;
	uint64_t seq, ack;
	size_t payload_len;
	char want[10];

	/* "@SSSSSSSS 0 0  #CCCCCCCC" is the shortest. */
	if (len < 24 || line[0] != '@' || line[9] != ' ')
		return;
	end = line + len - 10;
	snprintf(want, sizeof(want), "#%08x", crc32_of(line, len - 10));
	if (*end != ' ' || memcmp(end + 1, want, 9))
		return;
	p = parse_number(line + 10, end, &seq);
	p = p ? parse_number(p, end, &ack) : NULL;
	if (!p || unescape(p, (size_t)(end - p), &payload_len))
		return;
	if (!seq && payload_len == 5 && !memcmp(p, "reset", 5)) {
		begin_session(link, line + 1);
		return;
	}
	if (memcmp(line + 1, link->session, LINK_SESSION_SIZE))
		return;
	drop_acked(link, ack);
	if (seq)
		handle_numbered(link, seq, p, payload_len);
	else
		handle_word(link, p, payload_len);
}

static void take_byte(struct link *link, char c)
{
	if (c == '\n') {
		if (link->line_len < LINK_LINE_MAX)
			handle_line(link, link->line, link->line_len);
		link->line_len = 0;
	} else if (link->line_len < LINK_LINE_MAX) {
		link->line[link->line_len++] = c;
	}
}

void link_init(struct link *link, int fd)
{
	link->fd = fd;
	memset(link->session, '0', LINK_SESSION_SIZE);
	link->session[LINK_SESSION_SIZE] = 0;
	write_word(link, "boot");
}

int link_send(struct link *link, const void *payload, size_t len)
{
	struct link_frame *f;

	if (len > LINK_PAYLOAD_MAX)
		return -EMSGSIZE;
	f = malloc(sizeof(*f) + len);
	if (!f)
		return -ENOMEM;
	f->next = NULL;
	f->seq = ++link->tx_last;
	f->len = len;
	memcpy(f->payload, payload, len);
	if (link->tail) {
		link->tail->next = f;
	} else {
		link->head = f;
		link->progress_ns = now_ns();
	}
	link->tail = f;
	link->kept_bytes += len;
	write_frame(link, f->seq, f->payload, f->len);
	return 0;
}

int link_sendf(struct link *link, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		return -EMSGSIZE;
	return link_send(link, text, (size_t)n);
}

int link_receive(struct link *link)
{
	char buf[4096];
	ssize_t n = read(link->fd, buf, sizeof(buf));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (!n)
		return -EPIPE;
	for (ssize_t i = 0; i < n; i++)
		take_byte(link, buf[i]);
	if (link->owes_ack)
		write_word(link, "ack");
	return 0;
}

bool link_is_full(const struct link *link)
{
	return link->kept_bytes >= LINK_WINDOW_BYTES;
}

int link_tick(struct link *link)
{
	uint64_t waited_ns;

	if (!link->head)
		return -1;
	waited_ns = now_ns() - link->progress_ns;
	if (waited_ns >= RESEND_AFTER_NS) {
		link->asked = false;
		send_again(link);
		waited_ns = 0;
	}
	return (int)((RESEND_AFTER_NS - waited_ns) / 1000000) + 1;
}
