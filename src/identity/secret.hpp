// Text that must not be left behind in memory: passwords, tokens, peppers. Whoever holds one for
// longer than a call uses this. It is never printed or logged.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace netkit::identity {

/// Text that is overwritten when it goes, is moved from or is replaced.
class Secret {
 public:
  Secret() = default;
  /// Takes `text`; what stays in the argument is wiped. A caller that passes a copy wipes its own.
  explicit Secret(std::string text);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  std::string_view view() const { return text_; }
  bool empty() const { return text_.empty(); }
  std::size_t size() const { return text_.size(); }
  /// A second one with the same text; copying is never implicit.
  Secret copy() const;

 private:
  std::string text_;
};

/// Overwrites all memory of `text` and leaves it empty.
void wipe(std::string& text) noexcept;

/// Equal, in a time that depends on the lengths only.
bool equal_secrets(std::string_view left, std::string_view right) noexcept;

}  // namespace netkit::identity
