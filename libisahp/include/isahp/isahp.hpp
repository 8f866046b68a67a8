// SPDX-License-Identifier: MIT
/*
 * libisahp for C++17: thin, header-only, nothing that <isahp/isahp.h> does not do.
 *
 *	isahp::follower follow;
 *	isahp::operation<double(size_t, const double *)> sum("sum", {
 *		{ "avx2", sum_avx2, 40, isahp::set(ISAHP_FEATURE_AVX2) },
 *		{ "c", sum_c, 100 },
 *	});
 *
 *	sum(n, x);			// a call
 *	auto stay = sum.stay();		// long work: a region
 *	while (more() && !stay.poll())
 *		stay(n, x);
 *
 * Exceptions pass through calls and regions and end them. What fails throws
 * std::system_error with the call's errno; destructors do not throw. Operations
 * that ISAHP_OPERATION_DEFINE() made are functions here, too, and are the better
 * choice where all is known at compile time: `isahp show` sees them.
 */
#ifndef ISAHP_ISAHP_HPP
#define ISAHP_ISAHP_HPP

#include <cerrno>
#include <exception>
#include <initializer_list>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>
#include <isahp/isahp.h>

namespace isahp {

/* Throws what a call returned, if it is an error. */
inline int check(int rc, const char *what)
{
	if (rc < 0)
		throw std::system_error(-rc, std::generic_category(), what);
	return rc;
}

/* A set of features: isahp::set(ISAHP_FEATURE_AVX2, ISAHP_FEATURE_FMA). */
template <class... Feature>
constexpr isahp_features set(Feature... features)
{
	isahp_features s = {};

	((s.word[unsigned(features) / 64] |= 1ULL << (unsigned(features) % 64)), ...);
	return s;
}

/* Follows events for as long as it lives: isahp_start(), isahp_stop(). */
class follower {
public:
	explicit follower(const isahp_options *options = nullptr)
	{
		check(isahp_start(options), "isahp_start");
	}
	~follower() { (void)isahp_stop(); }
	follower(const follower &) = delete;
	follower &operator=(const follower &) = delete;
};

template <class Signature> class region;
template <class Signature> class operation;

/*
 * A stay inside an operation, of any type that it was declared with. Neither
 * copied nor moved; may end on another thread than the one that began it.
 */
template <class Result, class... Argument> class region<Result(Argument...)> {
public:
	using code = Result (*)(Argument...);

	explicit region(isahp_operation &op)
		: op_(&op), code_(reinterpret_cast<code>(isahp_enter(&op, &region_)))
	{
	}
	~region() { isahp_leave(&region_); }
	region(const region &) = delete;
	region &operator=(const region &) = delete;

	Result operator()(Argument... arguments) const
	{
		return code_(std::forward<Argument>(arguments)...);
	}
	/* The code, to be handed to other threads that end before the region. */
	code get() const { return code_; }
	/* Should it end soon, or resume()? */
	bool poll() const { return isahp_poll(op_, &region_) != 0; }
	/* On with the newest variant; nothing of the old one may be kept. */
	void resume() { code_ = reinterpret_cast<code>(isahp_resume(op_, &region_)); }

private:
	isahp_operation *op_;
	isahp_region region_ = {};
	code code_;
};

/* One implementation; needs nothing unless it says so. */
template <class Signature> struct variant {
	const char *name;
	Signature *fn;
	uint32_t cost;
	isahp_features needs = {};
	uint32_t results = 0;
};

/* A typed operation of its own. All it is given is copied, but for the code. */
template <class Result, class... Argument> class operation<Result(Argument...)> {
	using signature = Result(Argument...);

public:
	operation(const char *name,
		  std::initializer_list<variant<signature>> variants,
		  uint32_t flags = 0)
	{
		std::vector<isahp_variant> list;

		list.reserve(variants.size());
		for (const variant<signature> &v : variants)
			list.push_back({ v.name, reinterpret_cast<isahp_fn>(v.fn),
					 v.cost, v.results, v.needs });

		const isahp_operation_spec spec = {
			sizeof(spec), sizeof(isahp_variant), name, list.data(),
			uint32_t(list.size()), flags,
		};

		check(isahp_operation_create(&spec, &op_), "isahp_operation_create");
	}
	/*
	 * Nobody may be about to call it. Waits up to a second for threads that
	 * still are inside; if they stay it is not freed.
	 */
	~operation() { (void)isahp_operation_destroy(op_); }
	operation(const operation &) = delete;
	operation &operator=(const operation &) = delete;

	Result operator()(Argument... arguments) const
	{
		isahp_region r __attribute__((cleanup(isahp_leave))) =
			ISAHP_REGION_NONE_;
		auto code = reinterpret_cast<signature *>(isahp_enter_call_(op_, &r));

		return code(std::forward<Argument>(arguments)...);
	}

	/* For long work; also as isahp::region<...> stay(*op.get()). */
	region<signature> stay() const { return region<signature>(*op_); }

	/* The name of what runs now. For display. */
	const char *variant_name() const
	{
		return isahp_operation_variant(op_)->name;
	}

	/*
	 * Choose by what the variants cost here and now: @call is given each of
	 * them, and makes one typical call. It must not throw.
	 */
	template <class Call> void measure(Call &&call)
	{
		using callable = std::remove_reference_t<Call>;
		auto probe = [](isahp_fn fn, void *arg) {
			(*static_cast<callable *>(arg))(
				reinterpret_cast<signature *>(fn));
		};
		void *arg = const_cast<void *>(static_cast<const void *>(&call));

		check(isahp_operation_measure(op_, probe, arg),
		      "isahp_operation_measure");
	}

	isahp_operation *get() const { return op_; }

private:
	isahp_operation *op_;
};

/*
 * Is told of changes for as long as it lives. @Call takes a const isahp_change &
 * and returns 0 or a negative errno, as an isahp_callback does. An exception that
 * it lets out is a veto, with its what() for a reason.
 *
 * Constructed and destroyed outside of what it calls, unless by itself.
 */
template <class Call> class callback {
public:
	explicit callback(Call call, int priority = 0) : call_(std::move(call))
	{
		check(isahp_callback_add(told, this, priority), "isahp_callback_add");
	}
	~callback() { (void)isahp_callback_remove(told, this); }
	callback(const callback &) = delete;
	callback &operator=(const callback &) = delete;

private:
	static int told(const isahp_change *change, void *arg) noexcept
	{
		try {
			return static_cast<callback *>(arg)->call_(*change);
		} catch (const std::system_error &e) {
			bool is_errno = e.code().category() == std::generic_category();

			return isahp_veto(change, is_errno ? -e.code().value() : -EPERM,
					  e.what());
		} catch (const std::exception &e) {
			return isahp_veto(change, -EPERM, e.what());
		} catch (...) {
			return isahp_veto(change, -EPERM, "an exception");
		}
	}

	Call call_;
};

} // namespace isahp

#endif // ISAHP_ISAHP_HPP
