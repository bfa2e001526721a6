// Tests of who may register, and how often a source may try.
#include "commands/auth/registration.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::auth;

namespace {

/// "refused", "code" (needed), "open"; "+" behind it if the first account administrates.
std::string outcome(RegistrationMode mode, Standing standing, bool shows_code) {
  const Result<Registration> judged = may_register(mode, standing, shows_code);
  if (!judged) {
    CHECK(judged.error().code == Errc::refused);
    CHECK_FALSE(judged.error().hint.empty());
    return "refused";
  }
  return std::string{judged->needs_code ? "code" : "open"} +
         (judged->first_administrates ? "+" : "");
}

}  // namespace

TEST_CASE("may_register: the whole table") {
  using enum RegistrationMode;
  struct Row {
    RegistrationMode mode;
    Standing standing;
    const char* without_code;
    const char* with_code;
  };
  for (const Row& row :
       {Row{automatic, Standing::remote, "refused", "code"},
        Row{automatic, Standing::local, "open+", "open+"},
        Row{automatic, Standing::admin_socket, "open+", "open+"},
        Row{open, Standing::remote, "open", "open"}, Row{open, Standing::local, "open+", "open+"},
        Row{open, Standing::admin_socket, "open+", "open+"},
        Row{invite, Standing::remote, "refused", "code"},
        Row{invite, Standing::local, "refused", "code+"},
        Row{invite, Standing::admin_socket, "open+", "open+"},
        Row{closed, Standing::remote, "refused", "refused"},
        Row{closed, Standing::local, "refused", "refused"},
        Row{closed, Standing::admin_socket, "open+", "open+"}}) {
    CAPTURE(static_cast<int>(row.mode));
    CAPTURE(static_cast<int>(row.standing));
    CHECK(outcome(row.mode, row.standing, false) == row.without_code);
    CHECK(outcome(row.mode, row.standing, true) == row.with_code);
  }
}

TEST_CASE("RegistrationLimit: ten tries in any hour, each source for itself") {
  RegistrationLimit limit;
  for (int i = 0; i < 10; ++i)
    CHECK(limit.take("192.0.2.1", 1000 + i * 60) == 0);
  CHECK(limit.take("192.0.2.1", 1600) == 3000);
  CHECK(limit.take("192.0.2.2", 1600) == 0);
  CHECK(limit.take("192.0.2.1", 4599) == 1);
  CHECK(limit.take("192.0.2.1", 4600) == 0);
  CHECK(limit.take("192.0.2.1", 4600) == 60);
}

TEST_CASE("RegistrationLimit: this machine is no source") {
  RegistrationLimit limit;
  for (int i = 0; i < 100; ++i)
    CHECK(limit.take("", 1000) == 0);
  CHECK(limit.size() == 0);
}

TEST_CASE("RegistrationLimit: a clock that is set back holds nobody up for more than an hour") {
  RegistrationLimit limit;
  for (int i = 0; i < 10; ++i)
    CHECK(limit.take("192.0.2.1", 1'000'000'000) == 0);
  CHECK(limit.take("192.0.2.1", 1000) == 3600);
  CHECK(limit.take("192.0.2.1", 4600) == 0);
}

TEST_CASE("RegistrationLimit: remembers so many sources, the latest ones") {
  RegistrationLimit limit;
  for (int i = 0; i < 10; ++i)
    limit.take("2001:db8::/64", 1000);
  for (int i = 0; i < 9'999; ++i)
    limit.take(std::to_string(i), 1000);
  CHECK(limit.take("2001:db8::/64", 1000) > 0);
  for (int i = 0; i < 200'000; ++i)
    limit.take("more " + std::to_string(i), 1000);
  CHECK(limit.size() == 10'000);
  CHECK(limit.take("2001:db8::/64", 1000) == 0);
}
