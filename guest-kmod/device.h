/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/isahp: <isahp/uapi.h> as a misc device. */
#ifndef ISAHP_KMOD_DEVICE_H
#define ISAHP_KMOD_DEVICE_H

struct kobject;

int isahp_device_register(void);
void isahp_device_unregister(void);

/** isahp_device_kobject - what uevents are sent for */
struct kobject *isahp_device_kobject(void);

#endif /* ISAHP_KMOD_DEVICE_H */
