// Errors as values: what every function that can fail returns. Nothing here throws.
#pragma once

#include <cassert>
#include <cerrno>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
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

/// Either a value or the reason there is none. The reason lives apart: a message passes a dozen
/// results, and one that is a value and a null pointer costs as little as the value.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result() = default;  // An error. Asio 1.22 default-constructs what a spawned coroutine returns.
  Result(T value) : value_{std::move(value)} {}
  Result(Error error) : error_{std::make_unique<const Error>(std::move(error))} {}
  Result(Errc code) : Result{Error{code}} {}
  Result(Result&&) noexcept(std::is_nothrow_move_constructible_v<T>) = default;
  Result& operator=(Result&&) noexcept(std::is_nothrow_move_assignable_v<T>) = default;
  Result(const Result& other) requires std::copy_constructible<T>
      : value_{other.value_},
        error_{other.error_ ? std::make_unique<const Error>(*other.error_) : nullptr} {}
  Result& operator=(const Result& other) requires std::copy_constructible<T> {
    return *this = Result{other};
  }
  ~Result() = default;

  explicit operator bool() const noexcept { return value_.has_value(); }
  T& operator*() & {
    assert(*this);
    return *value_;
  }
  const T& operator*() const& {
    assert(*this);
    return *value_;
  }
  T&& operator*() && {
    assert(*this);
    return *std::move(value_);
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }
  const Error& error() const {
    static const Error unknown;
    assert(!*this);
    return error_ ? *error_ : unknown;
  }

 private:
  std::optional<T> value_;
  std::unique_ptr<const Error> error_;
};

using Status = Result<std::monostate>;
inline constexpr std::monostate ok{};

}  // namespace netkit
