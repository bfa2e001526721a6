// The connections of the auth service: tells the dialect by the first bytes, and who is at the
// other end. Each runs on its connection's thread; the office decides.
#pragma once

#include <asio/awaitable.hpp>
#include <string>
#include <vector>

#include "commands/auth/office.hpp"
#include "net/connection.hpp"
#include "wire/sniff.hpp"

namespace netkit::auth {

class Reception {
 public:
  /// `names` are those that pages may reach this server by, besides its addresses. Whoever can open
  /// the unix socket `admin_path` administrates.
  Reception(Office& office, std::vector<std::string> names, std::string admin_path, bool offers_tls,
            std::size_t message_size_max)
      : office_{office},
        names_{std::move(names)},
        admin_path_{std::move(admin_path)},
        offers_tls_{offers_tls},
        message_size_max_{message_size_max} {}

  asio::awaitable<Status> serve(net::Connection& connection);

 private:
  asio::awaitable<Status> serve_frames(net::Connection& connection);
  asio::awaitable<Status> serve_text(net::Connection& connection, bool len64, bool greeted);
  asio::awaitable<Status> serve_web(net::Connection& connection);
  asio::awaitable<Result<wire::Dialect>> tell_dialect(net::Connection& connection, bool& greeted);
  Caller caller_of(net::Connection& connection) const;

  Office& office_;
  const std::vector<std::string> names_;
  const std::string admin_path_;
  const bool offers_tls_;
  const std::size_t message_size_max_;
};

}  // namespace netkit::auth
