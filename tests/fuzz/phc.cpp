// Fuzzes stored password hashes, peppers and typed passwords: what is refused is refused without
// computing, and what is cheap enough is computed. Input: one byte for the kind, then a text.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/utf8.hpp"
#include "identity/legacy_hash.hpp"
#include "identity/password.hpp"
#include "identity/password_phc.hpp"
#include "tests/support/feed.hpp"

using namespace netkit;
using namespace netkit::identity;

namespace {

/// Above this a hash would take the fuzzer's time and find nothing more.
constexpr std::uint32_t memory_kib_max = 64;
constexpr std::uint32_t passes_max = 2;

void check_stored(std::string_view text) {
  const auto checked = check_encoded(text);
  const auto phc = parse_phc(text);
  if (!text.starts_with("$argon2")) return;
  tests::demand(static_cast<bool>(checked) == static_cast<bool>(phc), "one rule for both");
  if (!phc) return;
  tests::demand(to_text(*phc) == text, "a PHC string has one form");
  const HashParameters& cost = phc->parameters;
  tests::demand(cost.memory_kib <= ceiling_parameters.memory_kib &&
                    cost.passes <= ceiling_parameters.passes &&
                    cost.lanes <= ceiling_parameters.lanes,
                "costs are bounded");
  if (cost.memory_kib > memory_kib_max || cost.passes > passes_max || cost.lanes > 2) return;
  const Secret password{"a password"};
  const auto verdict = verify_password(text, password, cost, {});
  tests::demand(verdict || !phc->key_id.empty(), "what check_encoded() allows is computed");
  tests::demand(!verdict || !verdict->match, "nobody guesses a tag");
}

void check_typed(std::string_view text) {
  const auto normal = normal_password(text);
  const auto fresh = new_password(text, "alice@example.org");
  tests::demand(normal || !fresh, "a new password is a password");
  if (!normal) return;
  tests::demand(is_utf8(normal->view()), "a normal password is UTF-8");
  tests::demand(normal->size() >= password_size_min && normal->size() <= password_size_max,
                "a normal password has a size that is allowed");
  const auto again = normal_password(normal->view());
  tests::demand(again && again->view() == normal->view(), "normal(normal(x)) == normal(x)");
}

void check_peppers(std::string_view text) {
  const auto peppers = Peppers::parse(text);
  if (!peppers) return;
  tests::demand(!peppers->empty() && peppers->current_id().size() == 8, "a pepper has an id");
  tests::demand(peppers->find(peppers->current_id()) == peppers->current(), "the first is current");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  switch (data[0] % 4) {
    case 0: check_typed(text); break;
    case 1: check_peppers(text); break;
    default: check_stored(text);
  }
  return 0;
}
