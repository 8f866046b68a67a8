// SPDX-License-Identifier: MIT
/*
 * xcr0.so - preloaded into a QEMU that runs a guest under KVM within TCG
 *
 * QEMU 7.2's TCG does not intercept a nested guest's XSETBV (AMD APM volume 2,
 * section 15.9, has KVM ask for it): KVM never learns that its guest enabled
 * AVX, tells it of an XSAVE area without it (CPUID 0Dh EBX), and puts XCR0 back
 * to 1 at the next entry. The guest's kernel then gives up XSAVE altogether,
 * with a warning. Hardware has none of this.
 *
 * So KVM is told at reset what the guest is going to set: XCR0 with SSE and
 * AVX. Where the guest's CPU has no AVX, KVM refuses that, and gets what QEMU
 * wanted.
 */
#define _GNU_SOURCE
#include <linux/kvm.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Intel SDM volume 1, section 13.3: x87, SSE, AVX. */
#define XCR0_AVX 7

static int set_xcrs(int fd, const struct kvm_xcrs *wanted)
{
	struct kvm_xcrs xcrs = *wanted;
	unsigned int i;
	int rc;

	for (i = 0; i < xcrs.nr_xcrs && i < KVM_MAX_XCRS; i++)
		if (!xcrs.xcrs[i].xcr)
			xcrs.xcrs[i].value |= XCR0_AVX;
	rc = syscall(SYS_ioctl, fd, KVM_SET_XCRS, &xcrs);
	return rc ? syscall(SYS_ioctl, fd, KVM_SET_XCRS, wanted) : rc;
}

/* In place of libc's: the C library declares it with an ellipsis. */
__attribute__((visibility("default"))) int
ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == KVM_SET_XCRS)
		return set_xcrs(fd, arg);
	return syscall(SYS_ioctl, fd, request, arg);
}
