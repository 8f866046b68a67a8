// SPDX-License-Identifier: MIT
#include "core_float_operands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static __u64 state;

void operands_seed(void)
{
	const char *given = getenv("ISAHP_SEED");
	__u64 seed = given ? strtoull(given, NULL, 0) : (__u64)time(NULL);

	printf("ISAHP_SEED=%llu\n", (unsigned long long)seed);
	state = seed;
}

void operands_continue(__u64 seed)
{
	state = seed;
}

/* splitmix64: each call adds, and mixes. */
__u64 operands_random(void)
{
	__u64 z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

unsigned int operands_below(unsigned int n)
{
	return (operands_random() >> 32) * n >> 32;
}

unsigned int operands_size(char type)
{
	return type == 'h' ? 2 : strchr("sib", type) ? 4 : 8;
}

void operands_put(char type, union isahp_vector *v, unsigned int n, __u64 value)
{
	memcpy(v->b + n * operands_size(type), &value, operands_size(type));
}

/* --- formats ------------------------------------------------------------- */

struct format {
	unsigned int bits, fraction;
	int largest;	/* exponent, that of infinity */
};

static const struct format *format_of(char type)
{
	static const struct format formats[] = {
		{ 16, 10, 0x1f }, { 32, 23, 0xff }, { 64, 52, 0x7ff },
	};

	return &formats[type == 'h' ? 0 : type == 's' ? 1 : 2];
}

static __u64 encode(const struct format *f, bool sign, int exponent, __u64 fraction)
{
	if (exponent < 0)
		exponent = 0;
	if (exponent > f->largest)
		exponent = f->largest;
	return (__u64)sign << (f->bits - 1) | (__u64)exponent << f->fraction |
	       (fraction & ((1ULL << f->fraction) - 1));
}

static int exponent_of(const struct format *f, __u64 a)
{
	return a >> f->fraction & f->largest;
}

bool operands_special(char type, unsigned int n, __u64 *ret)
{
	const struct format *f = format_of(type);
	__u64 one = 1ULL << f->fraction, infinite = (__u64)f->largest << f->fraction;
	__u64 bias = (__u64)(f->largest / 2) << f->fraction;
	const __u64 sizes[] = {
		0, 1, 2, one / 2, one - 1,		/* zero, denormals */
		one, one + 1, 2 * one,			/* smallest normals */
		bias - (f->fraction + 1ULL) * one,	/* half an ulp of 1 */
		bias - one, bias - one + 1, bias - 1, bias, bias + 1,
		bias + one / 2, bias + one, bias + one + one / 2,
		bias + 31 * one, bias + (f->fraction + 0ULL) * one,
		bias / 2 / one * one, (infinite - bias / 2) / one * one,
		infinite - one, infinite - 1, infinite,
		infinite + 1, infinite + one / 2 - 1,	/* signalling */
		infinite + one / 2, infinite + one / 2 + 5, infinite + one - 1,
	};
	const unsigned int count = sizeof(sizes) / sizeof(sizes[0]);

	if (type == 'i' || type == 'q') {
		static const __u64 integers[] = {
			0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0xffffff, 0x1000000,
			0x1000001, 0x1000003, 0x80000001, 0x7fffffff80000000,
			0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
			0x20000000000001, 0x20000000000003, 0xfffffffffffffc00,
			0xfffffffffffffbff, 0x8000000000000400, 0xffffff7fffffffff,
		};

		if (n >= sizeof(integers) / sizeof(integers[0]))
			return false;
		*ret = integers[n];
		return true;
	}
	if (n >= 2 * count)
		return false;
	*ret = sizes[n / 2] | (__u64)(n & 1) << (f->bits - 1);
	return true;
}

/* --- one number ---------------------------------------------------------- */

static __u64 random_special(char type)
{
	__u64 ret;

	while (!operands_special(type, operands_below(64), &ret))
		;
	return ret;
}

/* Few bits set, or runs of them, are what ties and carries are made of. */
static __u64 random_fraction(void)
{
	__u64 r = operands_random();
	unsigned int low = r & 63, high = r >> 6 & 63;

	switch (r >> 12 & 7) {
	case 0:
		return 1ULL << low % 53 | 1ULL << high % 53;
	case 1:
		return -1ULL << low % 53;
	case 2:
		return -(1ULL << low % 24);
	case 3:
		return operands_random() << (29 + low % 24);
	case 4:
		return r >> 16 & 7;
	default:
		return operands_random();
	}
}

static __u64 random_integer(char type)
{
	__u64 r = operands_random();

	if (!(r & 7))
		return random_special(type);
	r = operands_random() >> (r >> 3 & 63);
	/* Around a power of two. */
	if (!operands_below(4))
		r = (1ULL << (r & 63)) + operands_below(9) - 4;
	return operands_below(2) ? -r : r;
}

static __u64 random_exponent(char type, int exponent)
{
	return encode(format_of(type), operands_below(2), exponent, random_fraction());
}

/* A number whose exponent is no more than @width from @center. */
static __u64 random_near(char type, int center, unsigned int width)
{
	return random_exponent(type, center + (int)operands_below(2 * width + 1) -
				     (int)width);
}

static __u64 random_number(char type)
{
	const struct format *f = format_of(type);

	switch (operands_below(8)) {
	case 0:
		return random_special(type);
	case 1:		/* about to become an integer, or rounded to one */
		return random_near(type, f->largest / 2 + 31, 36);
	case 2:		/* at the edge of the next smaller format */
		return random_near(type, f->largest / 2 +
				   (operands_below(2) ? 1 : -1) *
				   (type == 'd' ? 138 : 20), 14);
	case 3:
		return operands_random();
	case 4:
		return random_near(type, 0, 3);
	default:
		return random_near(type, f->largest / 2, 8);
	}
}

/* --- three --------------------------------------------------------------- */

/*
 * What the product of the first two is, with the other sign, and a bit beside; or
 * what makes a power of two of @x, nearly: it is rounded up to one, or not.
 */
static __u64 cancel(char type, __u64 x, __u64 y, bool inverse)
{
	__s64 off = (__s64)operands_below(5) - 2;

	if (type == 's') {
		union { float f; __u32 u; } a = { .u = x }, b = { .u = y };

		a.f = inverse ? b.f / a.f : -(a.f * b.f);
		return a.u + off;
	} else {
		union { double f; __u64 u; } a = { .u = x }, b = { .u = y };

		a.f = inverse ? b.f / a.f : -(a.f * b.f);
		return a.u + off;
	}
}

static void related(char type, __u64 v[3])
{
	const struct format *f = format_of(type);
	int bias = f->largest / 2, e = exponent_of(f, v[0]), edge;
	const int edges[] = { 0, -(int)f->fraction, f->largest };

	switch (operands_below(10)) {
	case 0:
		v[0] = random_near(type, bias, 20);
		v[1] = random_near(type, bias, 20);
		v[2] = cancel(type, v[0], v[1], false);
		break;
	case 1:
		/*
		 * (u + 1)(u^2 - u + 1) = u^3 + 1 for u = 2^26 or 2^8: a power of two
		 * that is half of the addend's last bit, or near it, and next to
		 * nothing.
		 */
		v[0] = type == 's' ? 0x43808000 : 0x4190000004000000;
		v[1] = type == 's' ? 0x477f0100 : 0x432ffffff8000002;
		v[2] = random_near(type, bias + (type == 's' ? 24 : 78) +
					 (int)f->fraction + 1, 2);
		v[2] &= operands_below(2) ? -1ULL << f->fraction : -1ULL;
		break;
	case 2:		/* a product at a power of two, mostly the smallest one */
		v[0] = random_near(type, bias, 3);
		v[1] = cancel(type, v[0], encode(f, operands_below(2), 0, 0) |
			      (__u64)bias << f->fraction, true);
		v[1] -= (__u64)(bias - 1 + operands_below(2)) << f->fraction;
		v[2] = random_special(type);
		break;
	case 3:		/* sum and difference */
		v[1] = random_near(type, e, f->fraction + 4);
		v[2] = random_near(type, e, 2);
		break;
	case 4:
		v[1] = v[0] + operands_below(5) - 2;
		if (operands_below(2))
			v[1] ^= 1ULL << (f->bits - 1);
		v[2] = v[0];
		break;
	case 5:		/* product */
		edge = edges[operands_below(3)];
		v[1] = random_near(type, edge + bias - e, 2);
		v[2] = random_near(type, edge, 60);
		break;
	case 6:		/* quotient */
		edge = edges[operands_below(3)];
		v[1] = random_near(type, e - edge + bias, 2);
		v[2] = random_number(type);
		break;
	case 7:		/* whose product is at all distances from the addend */
		v[1] = random_near(type, bias, 10);
		v[2] = random_near(type, e + exponent_of(f, v[1]) - bias,
				   2 * f->fraction + 6);
		break;
	default:
		v[1] = random_number(type);
		v[2] = random_number(type);
	}
}

/* Halves of what is related as binary32; one product of the two often is 0. */
static void fill_pairs(union isahp_vector *a, union isahp_vector *b,
		       union isahp_vector *c)
{
	union isahp_vector low[3];
	unsigned int i;

	operands_fill('s', a, b, c);
	operands_fill('s', &low[0], &low[1], &low[2]);
	for (i = 0; i < 16; i++) {
		a->w[2 * i] = operands_below(3) ? low[0].w[2 * i + 1] : 0;
		b->w[2 * i] = low[1].w[2 * i + 1];
		if (!operands_below(4))
			c->d[i] = cancel('s', a->d[i] & ~0xffffu, b->d[i] & ~0xffffu,
					 false);
		if (operands_below(3))
			continue;
		a->w[2 * i + 1] = 0;
		c->d[i] = low[2].d[i];
	}
}

void operands_fill(char type, union isahp_vector *a, union isahp_vector *b,
		   union isahp_vector *c)
{
	const struct format *f = format_of(type);
	/* One bad element hides the flags of the others: often there is none. */
	bool calm = operands_below(2);
	unsigned int i, j, n = 64 / operands_size(type);
	union isahp_vector *to[3] = { a, b, c };

	if (type == 'b') {
		fill_pairs(a, b, c);
		return;
	}
	for (i = 0; i < n; i++) {
		unsigned int first = operands_below(3);
		__u64 v[3];

		for (j = 0; j < 3; j++) {
			if (type == 'i' || type == 'q')
				v[j] = random_integer(type);
			else if (type == 'h')
				v[j] = operands_random();
			else if (calm)
				v[j] = random_near(type, f->largest / 2, 4);
			else
				v[j] = random_number(type);
		}
		if ((type == 's' || type == 'd') && (!calm || !operands_below(n)))
			related(type, v);
		for (j = 0; j < 3; j++)
			operands_put(type, to[(first + j) % 3], i, v[j]);
	}
}
