// SPDX-License-Identifier: MIT
/* JSON documents in files: what is refused, by which words, and from a pipe. */
#include <criterion/criterion.h>
#include <hypervisor-shim/policy/json_file.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct isahp_json_kind kind = { "test's file", 20000 };
static struct isahp_error err;

static json_t *load(const char *text, size_t size)
{
	char path[] = "/tmp/policy_json_file.XXXXXX";
	int fd = mkstemp(path);
	json_t *json;

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, text, size), (ssize_t)size);
	close(fd);
	json = isahp_json_file_load(path, &kind, &err);
	unlink(path);
	return json;
}

/* An array of one string: @size bytes of text. */
static char *array_of(size_t size)
{
	char *text = malloc(size);

	cr_assert(text && size > 4);
	memset(text, 'x', size);
	memcpy(text, "[\"", 2);
	memcpy(text + size - 2, "\"]", 2);
	return text;
}

static json_t *through_a_pipe(const char *text, size_t size)
{
	int fd[2];
	json_t *json;
	FILE *file;

	cr_assert_eq(pipe(fd), 0); /* it holds 64 KiB */
	cr_assert_eq(write(fd[1], text, size), (ssize_t)size);
	close(fd[1]);
	file = fdopen(fd[0], "r");
	cr_assert(file);
	json = isahp_json_file_read(file, "-", &kind, &err);
	fclose(file);
	return json;
}

Test(json_file, is_read)
{
	json_t *json = load("{\"a\": 1}", 8);

	cr_assert_eq(json_integer_value(json_object_get(json, "a")), 1);
	json_decref(json);
}

Test(json_file, is_named_when_it_cannot_be_read)
{
	cr_assert_null(isahp_json_file_load("/no/such\x1b[1m", &kind, &err));
	cr_assert_eq(err.class, ISAHP_ERROR_FAILED);
	cr_assert_str_eq(err.text, "/no/such?[1m: No such file or directory");
	cr_assert_null(isahp_json_file_load("/tmp", &kind, &err));
	cr_assert_eq(err.class, ISAHP_ERROR_FAILED);
	cr_assert_str_eq(err.text, "/tmp: Is a directory");
}

Test(json_file, is_told_its_line_printably)
{
	cr_assert_null(load("{\n\x1b[31m", 7));
	cr_assert_eq(err.class, ISAHP_ERROR_USAGE);
	cr_assert(strstr(err.text, ": line 2: "), "%s", err.text);
	cr_assert_null(strchr(err.text, '\x1b'));
	cr_assert_null(load("{\"a\": 1, \"a\": 2}", 16));
	cr_assert(strstr(err.text, "duplicate"), "%s", err.text);
}

Test(json_file, has_a_size_also_through_a_pipe)
{
	char *fits = array_of(kind.max), *large = array_of(kind.max + 1);
	json_t *json = through_a_pipe(fits, kind.max);

	cr_assert(json, "%s", err.text);
	json_decref(json);
	cr_assert_null(through_a_pipe(large, kind.max + 1));
	cr_assert_str_eq(err.text, "-: larger than any test's file");
	cr_assert_null(load(large, kind.max + 1));
	cr_assert(strstr(err.text, "larger than any test's file"));
	/* A document that would be whole, and then something. */
	memset(large, ' ', kind.max + 1);
	memcpy(large, "[]", 2);
	cr_assert_null(through_a_pipe(large, kind.max + 1));
	cr_assert_str_eq(err.text, "-: larger than any test's file");
	free(fits);
	free(large);
}
