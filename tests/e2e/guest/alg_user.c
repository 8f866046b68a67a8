// SPDX-License-Identifier: MIT
/*
 * alg_user - a user of one of the kernel's hashes, by AF_ALG
 *
 *	alg_user NAME [--hold]
 *
 * Prints the digest of "abc" in hexadecimal. With --hold, keeps the hash until
 * it is killed, and prints the digest once more at each SIGUSR1.
 */
#include <linux/if_alg.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int digest(int hash)
{
	unsigned char out[64];
	ssize_t size, i;

	if (write(hash, "abc", 3) != 3)
		return -1;
	size = read(hash, out, sizeof(out));
	if (size <= 0)
		return -1;
	for (i = 0; i < size; i++)
		printf("%02x", out[i]);
	putchar('\n');
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	struct sockaddr_alg name = { .salg_family = AF_ALG, .salg_type = "hash" };
	int alg = socket(AF_ALG, SOCK_SEQPACKET, 0);
	sigset_t set;
	int hash, got;

	if (argc < 2) {
		fprintf(stderr, "Usage: alg_user NAME [--hold]\n");
		return 2;
	}
	strncpy((char *)name.salg_name, argv[1], sizeof(name.salg_name) - 1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (alg < 0 || bind(alg, (struct sockaddr *)&name, sizeof(name))) {
		perror("alg_user: bind");
		return 1;
	}
	hash = accept(alg, NULL, NULL);
	if (hash < 0 || digest(hash)) {
		perror("alg_user: digest");
		return 1;
	}
	if (argc < 3)
		return 0;
	while (!sigwait(&set, &got))
		if (digest(hash))
			return 1;
	return 1;
}
