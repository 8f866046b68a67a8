// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

/* A minute or so; no library that people write has as many. */
#define BUDGET 100000000

static const char help[] =
	"Usage: isahp show [--json] FILE...\n"
	"       isahp check [--json] [--strict] [--rest] [--rep-bsf] [--trust NAME]...\n"
	"                   FILE...\n"
	"\n"
	"  show      list the operations that programs and libraries define, with\n"
	"            their variants, what each needs and costs, and its function\n"
	"  check     decode each variant's code, and fail when it uses an instruction\n"
	"            of a feature that the variant does not declare, or is left with\n"
	"            upper halves of wide registers in use\n"
	"\n"
	"  --json        print JSON\n"
	"  --strict      fail also where code was not followed\n"
	"  --rest        fail also when code outside of all variants needs a feature\n"
	"  --trust NAME  the function NAME of another object may be called\n"
	"  --rep-bsf     TZCNT without BMI1 is meant to run as BSF, everywhere\n"
	"  --version     print the version\n"
	"\n"
	"Exit codes: 0 fine; 1 findings; 2 bad usage, or not a file that can be read.\n"
	"isahp(1) has more.\n";

struct command {
	const char *name;
	bool check;
};

static const struct command commands[] = {
	{ "show", false },
	{ "check", true },
};

static int usage(void)
{
	fputs(help, stderr);
	return TOOL_BAD;
}

/* Not mapped: a file that someone truncates would be a SIGBUS. */
static int read_all(int fd, uint8_t *bytes, size_t *size)
{
	size_t done = 0;
	ssize_t n;

	while (done < *size) {
		n = read(fd, bytes + done, *size - done);
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	*size = done;
	return 0;
}

static int read_file(const char *path, uint8_t **ret_bytes, size_t *ret_size)
{
	/* Of a pipe nobody may ever open the other end. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *bytes = NULL;
	struct stat st;
	size_t size;
	int rc;

	if (fd < 0)
		return -errno;
	rc = fstat(fd, &st) ? -errno : S_ISDIR(st.st_mode) ? -EISDIR :
	     !S_ISREG(st.st_mode) ? -EINVAL : 0;
	if (rc)
		goto out;
	size = (size_t)st.st_size;
	bytes = malloc(size + 1);
	rc = bytes ? read_all(fd, bytes, &size) : -ENOMEM;
	if (!rc) {
		*ret_bytes = bytes;
		*ret_size = size;
		bytes = NULL;
	}
out:
	free(bytes);
	close(fd);
	return rc;
}

static int run_image(const struct command *command, const char *path,
		     const struct image *im, const struct tool_options *options,
		     json_t *files)
{
	const char *why = NULL;
	json_t *o;
	int rc;

	if (command->check)
		rc = tool_check(path, im, options, &o, &why);
	else
		rc = tool_show(path, im, &o, &why);
	if (rc) {
		fprintf(stderr, "isahp: %s: %s\n", path, why ? why : strerror(-rc));
		return TOOL_BAD;
	}
	rc = json_integer_value(json_object_get(o, "finding_count")) ?
		     TOOL_FINDINGS : TOOL_FINE;
	if (options->json)
		json_array_append(files, o);
	else if (command->check)
		tool_check_text(o, stdout);
	else
		tool_show_text(o, stdout);
	json_decref(o);
	return rc;
}

static int run_file(const struct command *command, const char *path,
		    const struct tool_options *options, json_t *files)
{
	const char *why;
	struct image *im;
	uint8_t *bytes = NULL;
	size_t size = 0;
	int rc = read_file(path, &bytes, &size);

	if (rc) {
		fprintf(stderr, "isahp: %s: %s\n", path, strerror(-rc));
		return TOOL_BAD;
	}
	rc = image_open(bytes, size, &im, &why);
	if (rc) {
		fprintf(stderr, "isahp: %s: %s\n", path, why);
		rc = TOOL_BAD;
	} else {
		rc = run_image(command, path, im, options, files);
		image_close(im);
	}
	free(bytes);
	return rc;
}

static int run(const struct command *command, char **paths,
	       const struct tool_options *options)
{
	json_t *files = json_array();
	int rc, worst = TOOL_FINE;

	for (; *paths; paths++) {
		rc = run_file(command, *paths, options, files);
		if (rc > worst)
			worst = rc;
	}
	if (options->json) {
		json_t *o = json_pack("{s:O}", "files", files);

		json_dumpf(o, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(o);
	}
	json_decref(files);
	if (fflush(stdout) || ferror(stdout)) {
		perror("isahp: standard output");
		return TOOL_BAD;
	}
	return worst;
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int parse(int argc, char **argv, struct tool_options *options)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "strict", no_argument, NULL, 's' },
		{ "rest", no_argument, NULL, 'o' },
		{ "rep-bsf", no_argument, NULL, 'r' },
		{ "trust", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		switch (c) {
		case 'j':
			options->json = true;
			break;
		case 's':
			options->strict = true;
			break;
		case 'o':
			options->rest = true;
			break;
		case 'r':
			options->rep_bsf = true;
			break;
		case 't':
			options->trusted[options->trusted_count++] = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			exit(TOOL_FINE);
		case 'V':
			puts("isahp " ISAHP_VERSION_STRING);
			exit(TOOL_FINE);
		default:
			return -EINVAL;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct tool_options options = { .budget = BUDGET };
	const struct command *command;
	int rc;

	options.trusted = calloc((size_t)argc + 1, sizeof(*options.trusted));
	if (!options.trusted)
		return TOOL_BAD;
	rc = parse(argc, argv, &options) ? usage() : TOOL_FINE;
	if (!rc) {
		command = optind < argc ? find(argv[optind]) : NULL;
		if (command && optind + 1 < argc)
			rc = run(command, argv + optind + 1, &options);
		else
			rc = usage();
	}
	free(options.trusted);
	return rc;
}
