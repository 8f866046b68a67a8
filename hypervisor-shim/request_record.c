// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests about what travels with a VM. */
#include <errno.h>

#include "attributes.h"
#include "policy/errata.h"
#include "policy/names.h"
#include "request.h"
#include "show.h"

static int find_vm(struct isahp_host *host, const char *name, struct isahp_vm **ret_vm,
		   struct isahp_error *err)
{
	*ret_vm = isahp_vm_find(host, name, err);
	return *ret_vm ? 0 : -ENOENT;
}

int isahp_request_vm_set(struct isahp_host *host, json_t *args,
			 struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_features envelope;
	struct isahp_vm *vm;
	const char *name;
	json_t *list;
	int rc = UNPACK(args, err, "{s:s, s:o}", "vm", &name, "envelope", &list);

	if (!rc)
		rc = find_vm(host, name, &vm, err);
	if (!rc)
		rc = isahp_names_from_json(list, &envelope, err);
	if (!rc)
		rc = isahp_attributes_envelope_set(vm, &envelope, err);
	if (!rc)
		call->finish(call, isahp_show_vm(vm), NULL);
	return rc;
}

int isahp_request_vm_record(struct isahp_host *host, json_t *args,
			    struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_vm *vm;
	json_t *record;
	const char *name;
	int rc = UNPACK(args, err, "{s:s}", "vm", &name);

	if (!rc)
		rc = find_vm(host, name, &vm, err);
	if (rc)
		return rc;
	record = isahp_attributes_make(vm, err);
	if (!record)
		return -EINVAL;
	call->finish(call,
		     json_pack("{s:o, s:o, s:o}", "untold",
			       isahp_attributes_untold(record), "host_errata",
			       isahp_errata_to_json(isahp_attributes_errata(vm)),
			       "record", record), NULL);
	return 0;
}

int isahp_request_vm_admit(struct isahp_host *host, json_t *args,
			   struct isahp_call *call, struct isahp_error *err)
{
	struct isahp_admission_options options = { 0 };
	json_t *record, *accept = NULL, *data = NULL;
	struct isahp_vm *vm;
	const char *name;
	int rc = UNPACK(args, err, "{s:s, s:o, s?o}", "vm", &name, "record", &record,
			"accept", &accept);

	if (!rc)
		rc = find_vm(host, name, &vm, err);
	if (!rc && accept)
		rc = isahp_errata_accept(accept, &options.accepted,
					 &options.accept_entry, err);
	if (!rc)
		rc = isahp_attributes_admit(vm, record, &options, &data, err);
	/* A refusal says everything that is in the way, so it has data too. */
	if (rc && !data)
		return rc;
	call->finish(call, data, rc ? err : NULL);
	return 0;
}
