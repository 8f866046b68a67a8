// SPDX-License-Identifier: MIT
/*
 * <isahp/isahp.hpp>: objects that end what they began, also by exceptions. A plain
 * program: exit 0 or 1. The shim is driven from here; each wait is for an answer.
 */
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <isahp/isahp.hpp>
extern "C" {
#include "lib_shim.h"
}

static const unsigned int LONG_MS = 20000;
static int failures;

#define EXPECT(ok) expect(ok, #ok, __LINE__)

static void expect(bool ok, const char *what, int line)
{
	if (!ok) {
		std::printf("line %d: failed: %s\n", line, what);
		failures++;
	}
}

static bool is_inside()
{
	return isahp_self->slot[0].frame != 0;
}

static int fails(int x)
{
	if (x < 0)
		throw std::runtime_error("negative");
	return x;
}

static int fails_ssse3(int x)
{
	return fails(x) + 1000;
}

using op_type = isahp::operation<int(int)>;
static const isahp_features ssse3 = isahp::set(ISAHP_FEATURE_SSSE3);

#define VARIANTS                                                               \
	{                                                                      \
		{ "plain", fails, 9 }, { "ssse3", fails_ssse3, 1, ssse3 },     \
	}

template <class Call> static std::string thrown(Call call)
{
	try {
		call();
	} catch (const std::exception &e) {
		return e.what();
	}
	return "";
}

static void exceptions()
{
	op_type op("exceptions", VARIANTS);

	for (int i = 0; i < 20; i++) {
		EXPECT(op(1) == 1001);
		EXPECT(thrown([&] { op(-1); }) == "negative" && !is_inside());
		EXPECT(thrown([&] {
			       auto stay = op.stay();

			       EXPECT(is_inside() && stay(2) == 1002 && !stay.poll());
			       stay(-1);
		       }) == "negative" && !is_inside());
	}
}

static void errors()
{
	int error = 0;

	try {
		op_type op("none runs anywhere", { { "s", fails, 1, ssse3 } });
	} catch (const std::system_error &e) {
		error = e.code().value();
	}
	EXPECT(error == EINVAL);
	isahp::follower first;
	try {
		isahp::follower second;
	} catch (const std::system_error &e) {
		error = e.code().value();
	}
	EXPECT(error == EALREADY);
}

/* It was destroyed: nobody was inside, and it can be made again for ever. */
static void destroyed()
{
	isahp_operation *op;
	{
		op_type o("destroyed", VARIANTS);

		op = o.get();
		EXPECT(isahp_operation_variant(op) != nullptr);
	}
	struct isahp_status status = {};
	status.size = sizeof(status);
	EXPECT(!isahp_status(&status));
	EXPECT(!(status.interest.word[0] & ssse3.word[0]));
}

static void measured()
{
	op_type op("measured", { { "dear", fails_ssse3, 1 }, { "cheap", fails, 2 } });
	int calls = 0;

	op.measure([&](int (*fn)(int)) {
		/* What the first one costs is decided here. */
		for (volatile int i = 0; fn == fails_ssse3 && i < 1000; i = i + 1)
			;
		calls += fn(1) > 0;
	});
	EXPECT(calls > 1);
	EXPECT(op.variant_name() == std::string("cheap"));
}

/* What this CPU has; later on it is what is followed that counts. */
static isahp_features usable()
{
	struct isahp_status status = {};

	status.size = sizeof(status);
	EXPECT(!isahp_status(&status));
	return status.usable;
}

static const isahp_features all = usable();

struct following {
	lib_shim shim = {};

	following() { lib_shim_start(&shim, &all); }
	~following() { lib_shim_stop(&shim); }

	isahp_options options() const
	{
		isahp_options o = {};

		o.size = sizeof(o);
		o.device = "";
		o.loopback = shim.path;
		return o;
	}
	bool answered(__u32 verdict)
	{
		__u64 n = lib_shim_prepare(&shim, &ssse3, LONG_MS);

		return lib_shim_answered(&shim, n, verdict, LONG_MS);
	}
};

static void vetoes()
{
	following f;
	op_type op("vetoes", VARIANTS);
	isahp_options options = f.options();
	isahp::follower follow(&options);
	struct isahp_status status = {};

	status.size = sizeof(status);
	{
		isahp::callback veto([](const isahp_change &change) {
			if (change.kind == ISAHP_CALLBACK_LEAVING)
				throw std::system_error(EBUSY, std::generic_category());
			return 0;
		});

		EXPECT(f.answered(ISAHP_NAK));
		EXPECT(op(1) == 1001);
	}
	{
		isahp::callback veto([](const isahp_change &change) -> int {
			if (change.kind == ISAHP_CALLBACK_LEAVING)
				throw std::runtime_error("a checkpoint");
			return 0;
		});

		EXPECT(f.answered(ISAHP_NAK));
	}
	/* The guards are gone: nobody is asked. */
	EXPECT(f.answered(ISAHP_ACK));
	EXPECT(op(1) == 1);
	isahp_status(&status);
	EXPECT(status.veto == -EPERM && status.reason == std::string("a checkpoint"));
}

static void moves_on()
{
	following f;
	op_type op("moves on", VARIANTS);
	isahp_options options = f.options();
	isahp::follower follow(&options);
	/* liburcu's grace periods may wait for the new stay, too. */
	const char *gp = std::getenv("ISAHP_GP");
	const bool waits_for_all = gp && gp == std::string("urcu");
	__u64 n;
	{
		auto stay = op.stay();

		EXPECT(stay(1) == 1001);
		n = lib_shim_prepare(&f.shim, &ssse3, LONG_MS);
		while (!stay.poll())
			;
		EXPECT(!lib_shim_answers(&f.shim, n));
		stay.resume();
		EXPECT(stay(1) == 1 && !stay.poll());
		if (!waits_for_all)
			EXPECT(lib_shim_answered(&f.shim, n, ISAHP_ACK, LONG_MS));
	}
	EXPECT(lib_shim_answered(&f.shim, n, ISAHP_ACK, LONG_MS));
}

int main()
{
	std::setvbuf(stdout, nullptr, _IOLBF, 0);
	exceptions();
	errors();
	destroyed();
	measured();
	vetoes();
	moves_on();
	return failures ? 1 : 0;
}
