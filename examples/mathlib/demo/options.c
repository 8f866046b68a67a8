/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <problem.h>

static const char help[] =
	"Usage: mathdemo [OPTION]...\n"
	"Multiply, and check every result, while CPU features come and go.\n"
	"\n"
	"  --threads N      working threads (4)\n"
	"  --seconds S      run for S seconds (0: until SIGTERM or SIGINT)\n"
	"  --interval MS    milliseconds from line to line (1000)\n"
	"  --size N         rows and columns of the matrices (32)\n"
	"  --seed N         seed of the operands (1)\n"
	"  --label NAME     name in each line (mathdemo)\n"
	"  --json           one JSON object per line\n"
	"  --bind VARIANT   no isahp: bind to c, sse2, avx2 or avx512 at start\n"
	"  --plant-wrong N  spoil the result of the first thread's call N\n"
	"  --help           this\n"
	"\n"
	"Events come from $ISAHP_LOOPBACK or $ISAHP_DEVICE, else /dev/isahp.\n"
	"Exit status: 0 when no result was wrong, 1 when one was or something\n"
	"failed, 2 for a bad command line. A SIGILL names the code it hit.\n";

enum {
	OPT_THREADS = 1,
	OPT_SECONDS,
	OPT_INTERVAL,
	OPT_SIZE,
	OPT_SEED,
	OPT_LABEL,
	OPT_JSON,
	OPT_BIND,
	OPT_PLANT,
	OPT_HELP,
};

static const struct option options[] = {
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "label", required_argument, NULL, OPT_LABEL },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "bind", required_argument, NULL, OPT_BIND },
	{ "plant-wrong", required_argument, NULL, OPT_PLANT },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static int number(const char *name, const char *text, uint64_t min,
		  uint64_t max, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || value < min ||
	    value > max) {
		fprintf(stderr, "mathdemo: --%s %s: give a number from %llu to %llu\n",
			name, text, (unsigned long long)min,
			(unsigned long long)max);
		return -EINVAL;
	}
	*ret_value = value;
	return 0;
}

static int seconds(const char *text, double *ret_value)
{
	char *end;
	double value;

	value = strtod(text, &end);
	if (end == text || *end || !(value >= 0 && value <= 1e9)) {
		fprintf(stderr, "mathdemo: --seconds %s: give a number from 0 to 1e9\n",
			text);
		return -EINVAL;
	}
	*ret_value = value;
	return 0;
}

/* It goes into JSON as it is. */
static int label(const char *text, const char **ret_label)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (!*text || text[strspn(text, allowed)] || strlen(text) > 64) {
		fprintf(stderr, "mathdemo: --label %s: use 1 to 64 letters, digits, '.', '_', '-'\n",
			text);
		return -EINVAL;
	}
	*ret_label = text;
	return 0;
}

static int bind_to(const char *text, const char **ret_bind)
{
	const struct isahp_variant *variant = ml_op_variant(ML_SGEMM, text);

	if (!variant) {
		fprintf(stderr, "mathdemo: --bind %s: no such variant; there are c, sse2, avx2, avx512\n",
			text);
		return -EINVAL;
	}
	if (!ml_variant_runs(variant)) {
		fprintf(stderr, "mathdemo: --bind %s: this CPU can not run it; --bind sse2 runs on any\n",
			text);
		return -EINVAL;
	}
	*ret_bind = variant->name;
	return 0;
}

static int option(int which, const char *arg, struct demo_options *o)
{
	uint64_t value = 0;
	int ret = 0;

	switch (which) {
	case OPT_THREADS:
		ret = number("threads", arg, 1, DEMO_THREADS_MAX, &value);
		o->threads = (unsigned int)value;
		break;
	case OPT_SECONDS:
		ret = seconds(arg, &o->seconds);
		break;
	case OPT_INTERVAL:
		ret = number("interval", arg, 1, 3600000, &value);
		o->interval_ms = (unsigned int)value;
		break;
	case OPT_SIZE:
		ret = number("size", arg, 1, 4096, &value);
		o->size = value;
		break;
	case OPT_SEED:
		ret = number("seed", arg, 0, UINT64_MAX, &o->seed);
		break;
	case OPT_LABEL:
		ret = label(arg, &o->label);
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_BIND:
		ret = bind_to(arg, &o->bind);
		break;
	case OPT_PLANT:
		ret = number("plant-wrong", arg, 1, UINT64_MAX, &o->plant_wrong);
		break;
	case OPT_HELP:
		fputs(help, stdout);
		return fflush(stdout) ? -EINVAL : 1;
	default:
		/* getopt has named the option. */
		fputs("Try 'mathdemo --help'.\n", stderr);
		return -EINVAL;
	}
	return ret;
}

int demo_options_parse(int argc, char **argv, struct demo_options *ret_options)
{
	struct demo_options o = {
		.threads = 4,
		.interval_ms = 1000,
		.size = 32,
		.seed = 1,
		.label = "mathdemo",
	};
	int which, ret;

	while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
		ret = option(which, optarg, &o);
		if (ret)
			return ret;
	}
	if (optind < argc) {
		fprintf(stderr, "mathdemo: %s: takes options only; try 'mathdemo --help'\n",
			argv[optind]);
		return -EINVAL;
	}
	*ret_options = o;
	return 0;
}
