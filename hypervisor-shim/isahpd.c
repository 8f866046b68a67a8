// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * isahpd: start and stop, in order. What it does is in the other files.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "control.h"
#include "log.h"
#include "vm.h"

#define DEFAULT_RUNTIME_DIR "/run/isahp"

struct daemon {
	uv_loop_t loop;
	uv_signal_t term;
	uv_signal_t interrupt;
	struct isahp_host host;
	struct isahp_control *control;
	int lock_fd;
};

static void usage(FILE *out)
{
	fputs("Usage: isahpd [OPTION]...\n"
	      "Announce CPU features to running guests, beside their QEMUs.\n"
	      "Runs in the foreground and logs to stderr; isahpctl commands it.\n"
	      "\n"
	      "  --runtime-dir DIR   where the sockets are (default " DEFAULT_RUNTIME_DIR ")\n"
	      "  --state-dir DIR     where VMs' records are stored (default: the same)\n"
	      "  --log-level LEVEL   error, warning, info (default) or debug\n"
	      "  --foreground        accepted; there is no other mode\n"
	      "  --version           print the version and exit\n"
	      "  --help              this text\n",
	      out);
}

/* Return: -1 to go on, else the exit code. */
static int options_parse(int argc, char **argv, const char **ret_dir,
			 const char **ret_state_dir)
{
	static const struct option options[] = {
		{ "runtime-dir", required_argument, NULL, 'd' },
		{ "state-dir", required_argument, NULL, 's' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c, level;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			*ret_dir = optarg;
			break;
		case 's':
			*ret_state_dir = optarg;
			break;
		case 'l':
			level = isahp_log_level_find(optarg);
			if (level < 0) {
				fprintf(stderr, "isahpd: unknown log level '%s': error, warning, info or debug\n",
					optarg);
				return 2;
			}
			isahp_log_level_set(level);
			break;
		case 'f':
			break;
		case 'v':
			puts("isahpd " ISAHP_VERSION_STRING);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "isahpd: unexpected argument '%s', see --help\n",
		argv[optind]);
	return 2;
}

static int dir_prepare(const char *dir, struct isahp_error *err)
{
	struct stat st;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -errno,
				       "cannot create '%s': %s (choose another with --runtime-dir, --state-dir)",
				       dir, strerror(errno));
	if (stat(dir, &st) || !S_ISDIR(st.st_mode))
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOTDIR,
				       "'%s' is not a directory", dir);
	if (st.st_uid != geteuid() || st.st_mode & 022)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -EPERM,
				       "others can write to '%s': it must be this user's alone",
				       dir);
	return 0;
}

/* The lock goes with the process, however it ends. */
static int lock_take(const char *dir, int *ret_fd, struct isahp_error *err)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/isahpd.lock", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -errno,
				       "cannot open '%s': %s", path,
				       strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return isahp_error_set(err, ISAHP_ERROR_FAILED, -EBUSY,
				       "another isahpd runs in '%s': stop it, or choose another --runtime-dir",
				       dir);
	}
	*ret_fd = fd;
	return 0;
}

static void daemon_stop(struct daemon *d)
{
	if (!d->control)
		return;
	isahp_control_stop(d->control);
	d->control = NULL;
	while (d->host.vms)
		isahp_vm_remove(d->host.vms);
	uv_close((uv_handle_t *)&d->term, NULL);
	uv_close((uv_handle_t *)&d->interrupt, NULL);
}

static void signalled(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;

	isahp_log(ISAHP_LOG_INFO, "%s: stopping", strsignal(number));
	daemon_stop(d);
}

static int daemon_start(struct daemon *d, const char *dir, const char *state_dir,
			struct isahp_error *err)
{
	int rc;

	if (strlen(dir) >= sizeof(d->host.runtime_dir) - 16)
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -ENAMETOOLONG,
				       "'%s' is too long for a socket's path", dir);
	strcpy(d->host.runtime_dir, dir);
	if (strlen(state_dir) >= sizeof(d->host.state_dir))
		return isahp_error_set(err, ISAHP_ERROR_USAGE, -ENAMETOOLONG,
				       "'%s' is too long for a folder", state_dir);
	strcpy(d->host.state_dir, state_dir);
	rc = dir_prepare(dir, err);
	if (!rc)
		rc = dir_prepare(state_dir, err);
	if (!rc)
		rc = lock_take(dir, &d->lock_fd, err);
	if (rc)
		return rc;
	uv_loop_init(&d->loop);
	d->host.loop = &d->loop;
	rc = isahp_control_start(&d->host, &d->control, err);
	if (rc)
		return rc;
	uv_signal_init(&d->loop, &d->term);
	uv_signal_init(&d->loop, &d->interrupt);
	d->term.data = d;
	d->interrupt.data = d;
	uv_signal_start(&d->term, signalled, SIGTERM);
	uv_signal_start(&d->interrupt, signalled, SIGINT);
	return 0;
}

int main(int argc, char **argv)
{
	const char *dir = DEFAULT_RUNTIME_DIR, *state_dir = NULL;
	struct isahp_error err = { 0 };
	struct daemon d = { .lock_fd = -1 };
	int rc = options_parse(argc, argv, &dir, &state_dir);

	if (rc >= 0)
		return rc;
	signal(SIGPIPE, SIG_IGN);
	if (daemon_start(&d, dir, state_dir ? state_dir : dir, &err)) {
		fprintf(stderr, "isahpd: %s\n", err.text);
		return err.class;
	}
	isahp_log(ISAHP_LOG_INFO, "isahpd %s serves %s/control.sock",
		  ISAHP_VERSION_STRING, dir);
	uv_run(&d.loop, UV_RUN_DEFAULT);
	uv_loop_close(&d.loop);
	close(d.lock_fd);
	return 0;
}
