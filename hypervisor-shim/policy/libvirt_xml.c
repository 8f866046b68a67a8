// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libvirt's XML: `virsh capabilities` (the host's CPU), `virsh domcapabilities`
 * (what the hypervisor makes of it for guests: the mode host-model), or the <cpu>
 * element alone, as `virsh hypervisor-cpu-baseline` prints it.
 *
 * They name a model, and features beside it. A model that this program does not
 * know is noted, and what only the model says is unknown then.
 */
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "flag.h"
#include "import_formats.h"
#include "libvirt_model.h"

static const xmlNode *child(const xmlNode *node, const char *name)
{
	for (node = node ? node->children : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE &&
		    !xmlStrcmp(node->name, (const xmlChar *)name))
			return node;
	return NULL;
}

/* NULL where there is none; to be given to xmlFree(). */
static char *attribute(const xmlNode *node, const char *name)
{
	return (char *)xmlGetProp(node, (const xmlChar *)name);
}

static bool attribute_is(const xmlNode *node, const char *name, const char *value)
{
	char *own = attribute(node, name);
	bool is = own && !strcmp(own, value);

	xmlFree(own);
	return is;
}

static char *content(const xmlNode *node)
{
	return node ? (char *)xmlNodeGetContent(node) : NULL;
}

/* -1 where there is none, -2 where it is no number. */
static long number(const xmlNode *node, const char *name)
{
	char *text = attribute(node, name), *end;
	long value;

	if (!text)
		return -1;
	value = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -2;
	if (value >= 0 && (*end || value > UINT_MAX))
		value = -2;
	xmlFree(text);
	return value;
}

static int bad(struct isahp_error *err, const xmlNode *node, const char *what)
{
	return isahp_import_bad(err, node ? (size_t)xmlGetLineNo(node) : 0,
				node ? (const char *)node->name : NULL, what);
}

/* The element that describes a CPU, or NULL. */
static const xmlNode *find_cpu(const xmlNode *root, struct isahp_error *err)
{
	const xmlNode *node;

	if (!xmlStrcmp(root->name, (const xmlChar *)"cpu"))
		return root;
	if (!xmlStrcmp(root->name, (const xmlChar *)"capabilities")) {
		node = child(child(root, "host"), "cpu");
		if (!node)
			bad(err, root, "has no <host><cpu>");
		return node;
	}
	if (xmlStrcmp(root->name, (const xmlChar *)"domainCapabilities")) {
		bad(err, root, "neither `virsh capabilities` nor `virsh domcapabilities` "
			       "nor a <cpu>");
		return NULL;
	}
	node = child(root, "cpu");
	for (node = node ? node->children : NULL; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE &&
		    attribute_is(node, "name", "host-model") &&
		    attribute_is(node, "supported", "yes"))
			return node;
	bad(err, root, "the hypervisor does not support the CPU mode host-model, which "
		       "tells what it makes of the host");
	return NULL;
}

/* domcapabilities has <arch> beside <cpu>, the others within. */
static int check_arch(const xmlNode *root, const xmlNode *cpu, struct isahp_error *err)
{
	const xmlNode *node = child(cpu, "arch");
	char *arch;
	bool x86;

	if (!node)
		node = child(root, "arch");
	if (!node)
		return 0;
	arch = content(node);
	x86 = arch && (!strcmp(arch, "x86_64") || !strcmp(arch, "i686"));
	xmlFree(arch);
	return x86 ? 0 : bad(err, node, "not of an x86 host");
}

static int set_model(const xmlNode *cpu, struct isahp_profile *profile)
{
	const struct isahp_libvirt_model *model;
	char *name = content(child(cpu, "model"));
	int rc;

	if (!name || !*name) {
		xmlFree(name);
		return 0;
	}
	model = isahp_libvirt_model_find(name);
	rc = model ? isahp_libvirt_model_set(profile, model) :
		     isahp_import_not(profile, name, strlen(name));
	xmlFree(name);
	return rc;
}

static int set_vendor(const xmlNode *cpu, struct isahp_profile *profile,
		      struct isahp_error *err)
{
	static const struct {
		const char *name;
		const char *string;
	} vendors[] = {
		{ "Intel", "GenuineIntel" }, { "AMD", "AuthenticAMD" },
		{ "Hygon", "HygonGenuine" },
	};
	char *name = content(child(cpu, "vendor"));
	int rc = -EINVAL;
	size_t i;

	if (!name)
		return 0;
	for (i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++)
		if (!strcmp(vendors[i].name, name))
			rc = isahp_import_vendor(profile, vendors[i].string);
	xmlFree(name);
	return rc == -EINVAL ? bad(err, child(cpu, "vendor"), "libvirt has no such vendor") :
			       rc;
}

static int set_numbers(const xmlNode *cpu, struct isahp_profile *profile,
		       struct isahp_error *err)
{
	const xmlNode *node = child(cpu, "signature");
	struct isahp_signature signature;
	long family, model, stepping, value;
	int rc;

	if (node) {
		family = number(node, "family");
		model = number(node, "model");
		stepping = number(node, "stepping");
		signature.family = (unsigned int)family;
		signature.model = (unsigned int)model;
		signature.stepping = (unsigned int)stepping;
		rc = family < 0 || model < 0 || stepping < 0 ? -EINVAL :
		     isahp_import_signature(profile, &signature);
		if (rc == -EINVAL)
			bad(err, node, "no CPU has such a family, model and stepping");
		if (rc)
			return rc;
	}
	node = child(cpu, "microcode");
	value = node ? number(node, "version") : -1;
	if (value == -2)
		return bad(err, node, "its version is a decimal number");
	profile->microcode = value < 0 ? 0 : (__u32)value;
	node = child(cpu, "maxphysaddr");
	value = node ? number(node, "bits") : -1;
	if (value == -2 || value > 64)
		return bad(err, node, "no CPU has that many bits");
	return value < 0 ? 0 : isahp_import_physical(profile, (unsigned int)value);
}

/* What a policy says of the host (libvirt, formatdomain, "feature"). */
enum told { TOLD_YES, TOLD_NO, TOLD_NOTHING, TOLD_WRONG };

static enum told told_by(const xmlNode *node)
{
	static const struct {
		const char *policy;
		enum told told;
	} policies[] = {
		{ "require", TOLD_YES }, { "disable", TOLD_NO }, { "forbid", TOLD_NO },
		/* If the host has it; whether it has it or not. */
		{ "optional", TOLD_NOTHING }, { "force", TOLD_NOTHING },
	};
	char *policy = attribute(node, "policy");
	enum told told = policy ? TOLD_WRONG : TOLD_YES;
	size_t i;

	for (i = 0; policy && i < sizeof(policies) / sizeof(policies[0]); i++)
		if (!strcmp(policies[i].policy, policy))
			told = policies[i].told;
	xmlFree(policy);
	return told;
}

static int set_feature(const xmlNode *node, struct isahp_profile *profile,
		       struct isahp_error *err, size_t *hint)
{
	enum told told = told_by(node);
	char *name = attribute(node, "name");
	const struct isahp_flag *flag;
	int rc = 0;

	if (!name)
		return bad(err, node, "has no name");
	flag = isahp_flag_find(ISAHP_FLAG_LIBVIRT, name, strlen(name), hint);
	if (told == TOLD_WRONG)
		rc = bad(err, node, "libvirt has no such policy");
	else if (!flag)
		rc = isahp_import_not(profile, name, strlen(name));
	else if (told == TOLD_NOTHING)
		isahp_flag_forget(profile, flag);
	else
		rc = isahp_flag_set(profile, flag, told == TOLD_YES);
	xmlFree(name);
	return rc;
}

static int read_cpu(const xmlNode *cpu, struct isahp_profile *profile,
		    struct isahp_error *err)
{
	const xmlNode *node;
	size_t hint = 0;
	int rc = set_model(cpu, profile);

	if (!rc)
		rc = set_vendor(cpu, profile, err);
	if (!rc)
		rc = set_numbers(cpu, profile, err);
	for (node = cpu->children; node && !rc; node = node->next)
		if (node->type == XML_ELEMENT_NODE &&
		    !xmlStrcmp(node->name, (const xmlChar *)"feature"))
			rc = set_feature(node, profile, err, &hint);
	return rc;
}

int isahp_libvirt_xml_read(char *text, struct isahp_profile *profile,
			   struct isahp_error *err)
{
	xmlParserCtxt *parser;
	const xmlError *why;
	const xmlNode *root, *cpu;
	xmlDoc *doc;
	int rc = -EINVAL;

	/* libvirt writes none; entities are for attackers. */
	if (strstr(text, "<!DOCTYPE"))
		return isahp_import_bad(err, 0, NULL, "libvirt writes no DOCTYPE");
	parser = xmlNewParserCtxt();
	if (!parser)
		return -ENOMEM;
	doc = xmlCtxtReadMemory(parser, text, (int)strlen(text), NULL, "UTF-8",
				XML_PARSE_NONET | XML_PARSE_NOERROR |
				XML_PARSE_NOWARNING | XML_PARSE_COMPACT);
	if (!doc) {
		why = xmlCtxtGetLastError(parser);
		isahp_import_bad(err, why && why->line > 0 ? (size_t)why->line : 0,
				 NULL, why && why->message ? why->message : "not XML");
		err->text[strcspn(err->text, "\n")] = '\0';
		goto out;
	}
	root = xmlDocGetRootElement(doc);
	if (!root || doc->intSubset) {
		isahp_import_bad(err, 0, NULL, "not as libvirt writes XML");
		goto out;
	}
	cpu = find_cpu(root, err);
	if (cpu)
		rc = check_arch(root, cpu, err);
	if (cpu && !rc)
		rc = read_cpu(cpu, profile, err);
out:
	xmlFreeDoc(doc);
	xmlFreeParserCtxt(parser);
	return rc;
}
