// Errors as values: what every function that can fail returns. Nothing here throws.
#pragma once

#include <cassert>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "base/error.hpp"

namespace netkit {

/// A text that is mostly absent, in one pointer: each coroutine frame has room for some, and
/// an idle connection pays for it.
class RareText {
 public:
  RareText() = default;
  RareText(std::string text)
      : text_{text.empty() ? nullptr : std::make_unique<const std::string>(std::move(text))} {}
  RareText(const RareText& other) : RareText{other.str()} {}
  RareText(RareText&&) noexcept = default;
  RareText& operator=(RareText other) noexcept {
    text_ = std::move(other.text_);
    return *this;
  }

  const std::string& str() const {
    static const std::string none;
    return text_ ? *text_ : none;
  }
  operator const std::string&() const { return str(); }
  bool empty() const { return !text_; }
  std::size_t find(std::string_view part) const { return str().find(part); }
  bool starts_with(std::string_view part) const { return str().starts_with(part); }
  friend bool operator==(const RareText& left, std::string_view right) {
    return left.str() == right;
  }
  friend std::string operator+(const RareText& left, std::string_view right) {
    return left.str() + std::string{right};
  }
  friend std::string operator+(std::string_view left, const RareText& right) {
    return std::string{left} + right.str();
  }

 private:
  std::unique_ptr<const std::string> text_;
};

/// Why an operation failed: a code the program can test, and two texts that only a person reads.
struct Error {
  std::error_code code;
  RareText attempt;  ///< Completes "cannot ...", e.g. "listen on tcp://[::1]:7000".
  RareText hint;     ///< What to do next, e.g. "try: netkit echo serve --auto-port".

  Error() = default;
  Error(std::error_code failed, std::string what = {}, std::string next = {})
      : code{failed}, attempt{std::move(what)}, hint{std::move(next)} {}
  Error(Errc failed, std::string what = {}, std::string next = {})
      : Error{make_error_code(failed), std::move(what), std::move(next)} {}

  /// "cannot ATTEMPT: REASON (HINT)", without the parts that are missing. One line. For what a user
  /// wrote wrong it is "cannot ATTEMPT: HINT": the hint says it all.
  std::string message() const {
    std::string text =
        attempt.empty() ? code.message() : "cannot " + attempt + ": " + code.message();
    if (hint.empty()) return text;
    if (code == Errc::usage && !attempt.empty()) return "cannot " + attempt + ": " + hint;
    return text + " (" + hint + ")";
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
