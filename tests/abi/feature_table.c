// SPDX-License-Identifier: MIT
/* Print the feature table as tab-separated values, for the scripts beside this. */
#include <stdio.h>

#include <isa-core/features.h>

int main(void)
{
	static const char *const registers[] = { "EAX", "EBX", "ECX", "EDX" };
	static const char *const classes[] = { "removable", "silent", "state", "system" };

	for (int i = 0; i < ISAHP_FEATURE_COUNT; i++) {
		const struct isahp_feature_info *f = isahp_feature_info(i);

		printf("%d\t%s\t%#x\t%u\t%s\t%u\t%s\t%s\t%s\n", i, f->flag, f->leaf, f->subleaf,
		       registers[f->reg], f->bit, f->qemu, f->libvirt, classes[f->class]);
	}
	return 0;
}
