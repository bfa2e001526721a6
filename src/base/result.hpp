// Errors as values: what every function that can fail returns. Nothing here throws.
#pragma once

#include <cassert>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include "base/error.hpp"

namespace netkit {

/// Why an operation failed: a code the program can test, and two texts that only a person reads.
struct Error {
  std::error_code code;
  std::string attempt;  ///< Completes "cannot ...", e.g. "listen on tcp://[::1]:7000".
  std::string hint;     ///< What to do next, e.g. "try: netkit echo serve --auto-port".

  Error() = default;
  Error(std::error_code failed, std::string what = {}, std::string next = {})
      : code{failed}, attempt{std::move(what)}, hint{std::move(next)} {}
  Error(Errc failed, std::string what = {}, std::string next = {})
      : Error{make_error_code(failed), std::move(what), std::move(next)} {}

  /// "cannot ATTEMPT: REASON (HINT)", without the parts that are missing. One line.
  std::string message() const {
    std::string text =
        attempt.empty() ? code.message() : "cannot " + attempt + ": " + code.message();
    return hint.empty() ? text : text + " (" + hint + ")";
  }
};

/// The calling thread's errno as an Error; call it before anything else can change errno.
inline Error errno_error(std::string attempt, std::string hint = {}) {
  return {std::error_code{errno, std::generic_category()}, std::move(attempt), std::move(hint)};
}

/// Either a value or the reason there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result() = default;  // An error. Asio 1.22 default-constructs what a spawned coroutine returns.
  Result(T value) : state_{std::in_place_index<1>, std::move(value)} {}
  Result(Error error) : state_{std::in_place_index<0>, std::move(error)} {}
  Result(Errc code) : Result{Error{code}} {}

  explicit operator bool() const noexcept { return state_.index() == 1; }
  T& operator*() & {
    assert(*this);
    return std::get<1>(state_);
  }
  const T& operator*() const& {
    assert(*this);
    return std::get<1>(state_);
  }
  T&& operator*() && {
    assert(*this);
    return std::get<1>(std::move(state_));
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }
  const Error& error() const {
    assert(!*this);
    return std::get<0>(state_);
  }

 private:
  std::variant<Error, T> state_;
};

using Status = Result<std::monostate>;
inline constexpr std::monostate ok{};

}  // namespace netkit
