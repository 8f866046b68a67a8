// SPDX-License-Identifier: MIT
/*
 * The same in C++, by <isahp/isahp.hpp>: an operation object, a region that ends
 * itself, a callback that is removed when its guard goes.
 */
#include <cstdio>
#include <stdexcept>
#include <isahp/isahp.hpp>

static int half_cxx(int x)
{
	if (x % 2)
		throw std::invalid_argument("odd");
	return x / 2;
}

static int half_sse3(int x)
{
	return half_cxx(x);
}

int main()
{
	isahp::follower follow;
	isahp::callback told([](const isahp_change &change) {
		std::printf("change %u\n", change.kind);
		return 0;
	});
	isahp::operation<int(int)> half("half", {
		{ "sse3", half_sse3, 2, isahp::set(ISAHP_FEATURE_SSE3) },
		{ "c++", half_cxx, 1 },
	});

	std::printf("%d by %s\n", half(84), half.variant_name());
	try {
		auto stay = half.stay();

		for (int x = 4; !stay.poll(); x--)
			std::printf("%d\n", stay(x));
	} catch (const std::invalid_argument &e) {
		std::printf("%s\n", e.what());
	}
	return 0;
}
