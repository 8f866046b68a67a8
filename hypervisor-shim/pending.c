// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include "migrate.h"
#include "qmp.h"
int isahp_migrate(struct isahp_vm *vm, const struct isahp_migrate_args *args, struct isahp_call *call, struct isahp_error *err)
{ (void)vm; (void)args; (void)call; return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOSYS, "migrate comes with QMP"); }
int isahp_qmp_start(struct isahp_vm *vm, struct isahp_error *err)
{ (void)vm; return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOSYS, "QMP is not there yet"); }
void isahp_qmp_stop(struct isahp_qmp *qmp) { (void)qmp; }
bool isahp_qmp_ready(const struct isahp_qmp *qmp) { (void)qmp; return false; }
void isahp_qmp_refresh(struct isahp_qmp *qmp) { (void)qmp; }
static int no_start(struct isahp_vm *vm, struct isahp_error *err)
{ (void)vm; return isahp_error_set(err, ISAHP_ERROR_FAILED, -ENOSYS, "ivshmem is not there yet"); }
const struct isahp_transport_ops isahp_ivshmem_ops = { .kind = "ivshmem", .start = no_start };
