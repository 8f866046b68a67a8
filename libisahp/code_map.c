// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>
#include "code_map.h"

#define RANGES 128

/**
 * struct map - what was executable when it was looked at
 * @count: atomic; of @range, which does not change while it counts.
 * @range: in the order of addresses; what does not fit is not known.
 */
static struct map {
	uint32_t count;
	struct isahp_range range[RANGES];
} map;

bool isahp_code_map_has(uint64_t address)
{
	uint32_t count = __atomic_load_n(&map.count, __ATOMIC_ACQUIRE), i;
	const struct isahp_range *r;

	for (i = 0; i < count; i++) {
		r = &map.range[i];
		if (address - r->begin < r->end - r->begin)
			return true;
	}
	return false;
}

static uint32_t add(uint32_t count, uint64_t begin, uint64_t end)
{
	if (count && map.range[count - 1].end == begin) {
		map.range[count - 1].end = end;
		return count;
	}
	if (count == RANGES)
		return count;
	map.range[count] = (struct isahp_range){ begin, end };
	return count + 1;
}

static uint32_t read_maps(FILE *maps)
{
	unsigned long begin, end;
	char line[512], mode[5];
	bool is_begun = false;
	uint32_t count = 0;

	/* A name may be longer than a line that is taken at once. */
	while (fgets(line, sizeof(line), maps)) {
		if (!is_begun && sscanf(line, "%lx-%lx %4s", &begin, &end, mode) == 3 &&
		    mode[2] == 'x')
			count = add(count, begin, end);
		is_begun = !strchr(line, '\n');
	}
	return count;
}

void isahp_code_map_look(void)
{
	FILE *maps = fopen("/proc/thread-self/maps", "re");
	uint32_t count;

	__atomic_store_n(&map.count, 0, __ATOMIC_RELAXED);
	if (!maps)
		return;
	count = read_maps(maps);
	__atomic_store_n(&map.count, count, __ATOMIC_RELEASE);
	fclose(maps);
}
