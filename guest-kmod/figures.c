// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/device.h>
#include "figures.h"

DEFINE_PER_CPU(struct isahp_figures, isahp_figures);

u64 isahp_figure_read(enum isahp_figure figure)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(isahp_figures, cpu).of[figure]);
	return sum;
}

#define FIGURE_SHOW(name)                                                      \
	static ssize_t name##_show(struct device *dev,                         \
				   struct device_attribute *attr, char *buf)   \
	{                                                                      \
		return sysfs_emit(buf, "%llu\n",                               \
				  isahp_figure_read(ISAHP_FIGURE_##name));     \
	}                                                                      \
	static DEVICE_ATTR_RO(name);

ISAHP_FIGURES(FIGURE_SHOW)

#define FIGURE_ATTR(name) &dev_attr_##name.attr,

static struct attribute *figures_attrs[] = { ISAHP_FIGURES(FIGURE_ATTR) NULL };

const struct attribute_group isahp_figures_group = {
	.name = "figures",
	.attrs = figures_attrs,
};
