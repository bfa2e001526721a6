// An auth service that knows what a test told it: grants by token and by session, on a thread of
// its own, told to change its mind, to fall silent, to go and to come back on the same port.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "access/guard.hpp"
#include "access/protocol.hpp"
#include "net/outlet.hpp"
#include "rig.hpp"

namespace netkit::net::tests {

class FakeAuth {
 public:
  FakeAuth() { come(); }

  std::uint16_t port() const { return port_; }
  Endpoint endpoint() const {
    return {.scheme = Scheme::tcp, .host = "127.0.0.1", .port = port_, .path = {}};
  }

  /// A session of `user` with `scopes`; its token.
  std::string sign_in(std::string user, std::vector<std::string> scopes,
                      std::int64_t expires_s = INT64_MAX);
  /// Ends it and tells whoever asked.
  void revoke(const std::string& token);
  void rescope(const std::string& token, std::vector<std::string> scopes);

  /// Ends all connections and listens no more.
  void go() { server_.reset(); }
  /// Listens again, where it did before.
  void come();
  /// Answers no question from now on, but says that it lives; or not even that.
  void fall_silent(bool dead = false);

  /// What was asked so far, by type of frame.
  int asked(std::uint16_t type) const;
  std::set<std::string> used_from(const std::string& token) const;

 private:
  asio::awaitable<Status> serve(Connection& connection);
  Result<Flow> hear(const wire::Frame& frame, std::string& out);
  void answer(const wire::Frame& frame, const access::ToAuth& question, std::string& out);
  void tell(const std::string& session);

  mutable std::mutex mutex_;
  std::map<std::string, access::Grant> grants_;  // By the hash of the token.
  std::map<std::string, std::uint32_t> spent_;   // By nonce.
  std::map<std::uint16_t, int> asked_;
  std::map<std::string, std::set<std::string>> used_;  // Addresses by session.
  std::set<std::shared_ptr<Outlet>> outlets_;
  bool silent_ = false;
  bool dead_ = false;
  std::uint16_t port_ = 0;
  std::optional<RunningServer> server_;
};

inline access::Wish wish(std::string scope = {}, std::string verb = {}, std::string path = {}) {
  return {.scope = std::move(scope),
          .verb = std::move(verb),
          .path = std::move(path),
          .address = "192.0.2.1"};
}

/// A guard with a main thread of its own.
class GuardedThread {
 public:
  explicit GuardedThread(const FakeAuth& auth,
                         std::chrono::nanoseconds grace = std::chrono::minutes{5})
      : guard_{{.auth = auth.endpoint(), .tls = {}, .service = "testing", .grace = grace}, log_} {
    guard_.start(io_);
    thread_ = std::jthread{[this] { io_.run(); }};
  }
  ~GuardedThread() {
    asio::post(io_, [this] {
      guard_.stop();
      work_.reset();
    });
    thread_.join();
  }

  access::Guard& operator*() { return guard_; }
  access::Guard* operator->() { return &guard_; }
  bool logged(std::string_view text) const {
    return becomes_true([&] { return sink_.text().find(text) != std::string::npos; });
  }
  /// Asks and waits for the answer.
  Result<access::Who> ask(std::string credential, access::Wish wanted = wish()) {
    std::promise<Result<access::Who>> answer;
    guard_.ask(std::move(credential), std::move(wanted),
               [&](Result<access::Who> who) { answer.set_value(std::move(who)); });
    auto future = answer.get_future();
    REQUIRE(future.wait_for(hang_limit) == std::future_status::ready);
    return future.get();
  }

 private:
  log::MemorySink sink_{10'000};
  log::Logger log_{"test", sink_};
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  access::Guard guard_;
  std::jthread thread_;
};

}  // namespace netkit::net::tests
