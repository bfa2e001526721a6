// Who is at the other end of a connection, and what they may do with which folder. Every dialect
// asks before it opens anything.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "access/credential.hpp"
#include "access/guard.hpp"
#include "base/result.hpp"
#include "commands/filesrv/depot.hpp"
#include "net/connection.hpp"

namespace netkit::filesrv {

// With --require-auth the scopes are filesrv:read and filesrv:write, or filesrv:read:NAME and
// filesrv:write:NAME of one share; a ticket may name a verb (get, list, put) and a path.

enum class Right : std::uint8_t { read, write };

class Visitor {
 public:
  /// `guard` is none where everybody may come. Both outlive it.
  Visitor(const Depot& depot, access::Guard* guard, net::Connection& connection)
      : depot_{depot}, guard_{guard}, connection_{connection} {}

  /// Whether a token has to be shown before anything is served.
  bool must_show() const { return guard_ != nullptr; }
  /// Shown by a dialect whose connections sign in once.
  asio::awaitable<Status> sign_in(access::Showing how, std::string bearer = {});
  /// Shown by one request (HTTP); holds until the next call. Errc::refused, or Errc::busy.
  asio::awaitable<Status> show(std::string credential);

  /// Errc::refused with what lacks and what to do.
  Status may(Right right, const Share& share, std::string_view verb, std::string_view path) const;
  /// The same of what was asked for, and so a line of the log: who, what, and whether.
  Status let(Right right, const Share& share, std::string_view verb, std::string_view path) const;
  /// What was put is in its place.
  void stored(const Share& share, std::string_view path, std::uint64_t size) const;

 private:
  const access::Who& who() const { return visit_ ? visit_->who() : shown_; }
  std::string_view user() const;
  const Depot& depot_;
  access::Guard* guard_;
  net::Connection& connection_;
  std::unique_ptr<access::Visit> visit_;
  access::Who shown_;
};

}  // namespace netkit::filesrv
