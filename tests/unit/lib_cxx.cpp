// SPDX-License-Identifier: MIT
/* C++ exceptions through calls and regions. A plain program: exit 0 or 1. */
#include <cstdio>
#include <stdexcept>
#include <isahp/isahp.h>

static void kernel(int fail)
{
	if (fail)
		throw std::runtime_error("from a kernel");
}

ISAHP_OPERATION_DECLARE(thrower, void, (int fail), (fail))

static const struct isahp_variant variants[] = {
	ISAHP_VARIANT("plain", kernel, 1, ISAHP_SET_NONE),
};
struct isahp_operation thrower_operation;

/* How an application wraps the region form. */
class region {
public:
	explicit region(struct isahp_operation *op) : code_(isahp_enter(op, &region_))
	{
	}
	~region() { isahp_leave(&region_); }
	region(const region &) = delete;
	region &operator=(const region &) = delete;
	void call(int fail) const { reinterpret_cast<void (*)(int)>(code_)(fail); }

private:
	struct isahp_region region_;
	isahp_fn code_;
};

static bool is_inside()
{
	return isahp_self->slot[0].frame != 0;
}

static int failures;

static void expect(bool ok, const char *what)
{
	if (!ok) {
		std::printf("failed: %s\n", what);
		failures++;
	}
}

static void by_call()
{
	bool caught = false;

	try {
		thrower(1);
	} catch (const std::runtime_error &) {
		caught = true;
		expect(!is_inside(), "a call's region ends before the handler");
	}
	expect(caught, "an exception passes through a call");
}

static void by_region()
{
	bool caught = false;

	try {
		region r(&thrower_operation);

		r.call(0);
		expect(is_inside(), "a region lasts");
		r.call(1);
	} catch (const std::runtime_error &) {
		caught = true;
		expect(!is_inside(), "a region ends before the handler");
	}
	expect(caught, "an exception passes through a region");
}

int main()
{
	thrower_operation = ISAHP_OPERATION_INIT("thrower", variants, 1, 0);
	expect(!isahp_operation_register(&thrower_operation), "registration");
	for (int i = 0; i < 20; i++) {
		by_call();
		by_region();
	}
	/* What still held anything would be found here. */
	expect(!isahp_operation_unregister(&thrower_operation), "nothing is left inside");
	return failures ? 1 : 0;
}
