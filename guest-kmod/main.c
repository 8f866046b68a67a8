// SPDX-License-Identifier: GPL-2.0-only
/* The order in which everything starts and ends; nothing else. */
#include <linux/module.h>
#include "attachment.h"
#include "boot.h"
#include "device.h"
#include "entry.h"
#include "flight.h"
#include "moved.h"
#include "page.h"
#include "pinned.h"
#include "policy.h"
#include "process.h"
#include "registrant.h"
#include "selftest.h"
#include "transport.h"
#include "trap.h"
#include "trapped.h"
#include "undefined.h"
#include "users.h"

static int __init isahp_init(void)
{
	int err;

	err = isahp_selftest_at_load();
	if (err)
		return err;
	isahp_boot_init();
	err = isahp_users_init();
	if (err)
		return err;
	isahp_pinned_init();
	err = isahp_page_init();
	if (err)
		goto err_page;
	isahp_attachment_init();
	isahp_undefined_init();
	err = isahp_trap_init();
	if (err)
		goto err_trap;
	isahp_entry_init();
	err = isahp_device_register();
	if (err)
		goto err_device;
	err = isahp_moved_init();
	if (err)
		goto err_moved;
	err = isahp_ivshmem_register();
	if (err)
		goto err_ivshmem;
	return 0;

err_ivshmem:
	isahp_moved_exit();
err_moved:
	isahp_device_unregister();
err_device:
	isahp_undefined_exit();
	/* Meanwhile somebody may have opened, registered and closed, or trapped. */
	isahp_trapped_exit();
	isahp_registrants_exit();
	isahp_process_synchronize();
	isahp_policy_exit();
	isahp_entry_exit();
	isahp_trap_exit();
	isahp_flight_exit();
err_trap:
	isahp_page_exit();
err_page:
	isahp_users_exit();
	return err;
}

/* Nobody has the device open: an open file holds a reference to the module. */
static void __exit isahp_exit(void)
{
	isahp_ivshmem_unregister();
	/* It reports to the device, and takes the part of the thread. */
	isahp_moved_exit();
	isahp_device_unregister();
	isahp_undefined_exit();
	isahp_trapped_exit();
	isahp_registrants_exit();
	isahp_process_synchronize();
	isahp_policy_exit();
	/* The entry in order first: what is in flight there is repaired still. */
	isahp_entry_exit();
	isahp_trap_exit();
	isahp_flight_exit();
	isahp_page_exit();
	isahp_users_exit();
}

module_init(isahp_init);
module_exit(isahp_exit);
MODULE_DESCRIPTION("ISA hotplug: follow CPU features that come and go with migrations");
MODULE_AUTHOR("The isahp authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
