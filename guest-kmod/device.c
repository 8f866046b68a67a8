// SPDX-License-Identifier: GPL-2.0-only
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <isahp/uapi.h>
#include "device.h"
#include "page.h"
#include "registrant.h"
#include "report.h"
#include "trapped.h"

static int device_open(struct inode *inode, struct file *file)
{
	file->private_data = isahp_registrant_new();
	if (!file->private_data)
		return -ENOMEM;
	return stream_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	isahp_registrant_close(file->private_data);
	return 0;
}

static int wait_for_event(struct file *file, struct isahp_event *ret_event)
{
	struct isahp_registrant *r = file->private_data;
	int err;

	for (;;) {
		err = isahp_registrant_take(r, ret_event);
		if (err != -EAGAIN || file->f_flags & O_NONBLOCK)
			return err;
		err = wait_event_interruptible(r->wait,
					       isahp_registrant_peek(r) != -EAGAIN);
		if (err)
			return err;
	}
}

static ssize_t device_read(struct file *file, char __user *buf, size_t count,
			   loff_t *pos)
{
	struct isahp_event event;
	int err;

	if (count < ISAHP_EVENT_SIZE_MIN)
		return -EINVAL;
	err = wait_for_event(file, &event);
	if (err)
		return err;
	count = min(count, sizeof(event));
	event.size = count;
	if (copy_to_user(buf, &event, count)) {
		isahp_registrant_untake(file->private_data, &event);
		return -EFAULT;
	}
	return count;
}

static __poll_t device_poll(struct file *file, poll_table *wait)
{
	struct isahp_registrant *r = file->private_data;

	poll_wait(file, &r->wait, wait);
	switch (isahp_registrant_peek(r)) {
	case 0:
		return EPOLLIN | EPOLLRDNORM;
	case -EAGAIN:
		return 0;
	default:
		return EPOLLERR;
	}
}

/*
 * Copy a structure that begins with its size. Of a larger one, from a newer
 * caller, what this kernel does not know has to be zero: -E2BIG otherwise.
 */
static int copy_sized(void *ret, size_t known, const void __user *arg)
{
	u32 size;

	if (get_user(size, (const u32 __user *)arg))
		return -EFAULT;
	if (size < known || size > PAGE_SIZE)
		return -EINVAL;
	return copy_struct_from_user(ret, known, arg, size);
}

static int ioctl_register(struct isahp_registrant *r, void __user *arg)
{
	struct isahp_register reg;
	int err = copy_sized(&reg, sizeof(reg), arg);

	if (err)
		return err;
	if (reg.flags)
		return -EINVAL;
	return isahp_registrant_register(r, &reg.interest);
}

static int ioctl_ack(struct isahp_registrant *r, void __user *arg)
{
	struct isahp_ack ack;
	int err = copy_sized(&ack, sizeof(ack), arg);

	return err ? err : isahp_registrant_ack(r, &ack);
}

static int ioctl_info(void __user *arg)
{
	struct isahp_info info;
	struct isahp_roll roll;
	int err = copy_sized(&info, sizeof(info), arg);

	if (err)
		return err;
	isahp_registrants_count(&roll);
	info = (struct isahp_info) {
		.size = sizeof(info),
		.version = ISAHP_UAPI_VERSION,
		.registrants = roll.registrants,
		.untracked = roll.untracked,
		.pending = roll.pending,
	};
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/* Of the caller, whoever has opened the file. */
static int ioctl_undefined(void __user *arg)
{
	struct isahp_undefined undefined;
	int err = copy_sized(&undefined, sizeof(undefined), arg);

	if (err)
		return err;
	return isahp_trapped_set_policy(current, current->mm, undefined.policy);
}

/* By number: the size in the command is that of the caller's header. */
static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct isahp_registrant *r = file->private_data;
	void __user *user = (void __user *)arg;

	if (_IOC_TYPE(cmd) != ISAHP_IOC_TYPE)
		return -ENOTTY;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(ISAHP_IOC_REGISTER):
		return ioctl_register(r, user);
	case _IOC_NR(ISAHP_IOC_ACK):
		return ioctl_ack(r, user);
	case _IOC_NR(ISAHP_IOC_UNREGISTER):
		return isahp_registrant_unregister(r);
	case _IOC_NR(ISAHP_IOC_INFO):
		return ioctl_info(user);
	case _IOC_NR(ISAHP_IOC_UNDEFINED):
		return ioctl_undefined(user);
	default:
		return -ENOTTY;
	}
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	return isahp_page_map(vma);
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.poll = device_poll,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = device_mmap,
};

/* For everybody: programs that compute are not root. */
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "isahp",
	.fops = &device_fops,
	.groups = isahp_report_groups,
	.mode = 0666,
};

int isahp_device_register(void)
{
	return misc_register(&device);
}

void isahp_device_unregister(void)
{
	misc_deregister(&device);
}

struct kobject *isahp_device_kobject(void)
{
	return &device.this_device->kobj;
}
