// getaddrinfo(3) with numeric ports, in a thread where nobody may be kept waiting.
#include "net/resolve.hpp"

#include <algorithm>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <cstring>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <thread>

#include "net/limits.hpp"
#include "net/spawn.hpp"

namespace netkit::net {
namespace {

using Address = asio::ip::address;

/// One look-up in a thread of its own. getaddrinfo(3) cannot be told to stop, and Asio's resolver
/// would make the end of the io_context wait for it.
struct Lookup {
  /// Ends with the coroutine that waits, also when that is destroyed: the thread may outlive it.
  class Wait {
   public:
    Wait(Lookup& lookup, asio::steady_timer& timer) : lookup_{lookup} { lookup_.waiting = &timer; }
    Wait(const Wait&) = delete;
    ~Wait() {
      const std::lock_guard lock{lookup_.mutex};
      lookup_.waiting = nullptr;
    }

   private:
    Lookup& lookup_;
  };

  std::mutex mutex;
  asio::steady_timer* waiting = nullptr;  // Guarded by mutex.
  Result<std::vector<Address>> found = Errc::timed_out;
};

void look_up(const std::shared_ptr<Lookup>& lookup, const Endpoint& to) {
  Result<std::vector<Address>> found = resolve_now(to);
  const std::lock_guard lock{lookup->mutex};
  if (!lookup->waiting) return;
  asio::post(lookup->waiting->get_executor(), [lookup, found = std::move(found)]() mutable {
    lookup->found = std::move(found);
    if (lookup->waiting) lookup->waiting->cancel();
  });
}

}  // namespace

Result<std::vector<asio::ip::address>> resolve_now(const Endpoint& endpoint) {
  std::error_code not_literal;
  const auto literal = asio::ip::make_address(endpoint.host, not_literal);
  if (!not_literal) return std::vector<asio::ip::address>{literal};

  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(endpoint.host.c_str(), nullptr, &wanted, &found);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, freeaddrinfo};
  std::vector<asio::ip::address> addresses;
  for (const addrinfo* each = found; each && addresses.size() < addresses_per_name_max;
       each = each->ai_next) {
    asio::ip::tcp::endpoint at;
    if (each->ai_addrlen > at.capacity()) continue;
    at.resize(each->ai_addrlen);
    std::memcpy(at.data(), each->ai_addr, each->ai_addrlen);
    const auto known = std::find(addresses.begin(), addresses.end(), at.address());
    if (known == addresses.end()) addresses.push_back(at.address());
  }
  if (failed != 0 || addresses.empty())
    return Error{Errc::name_not_found, "resolve '" + endpoint.host + "'",
                 failed ? gai_strerror(failed) : "it has no address"};
  return addresses;
}

asio::awaitable<Result<std::vector<Address>>> resolve(const Endpoint& to,
                                                      std::chrono::steady_clock::time_point until) {
  std::error_code not_literal;
  const auto literal = asio::ip::make_address(to.host, not_literal);
  if (!not_literal) co_return std::vector<Address>{literal};

  asio::steady_timer timer{co_await asio::this_coro::executor, until};
  const auto lookup = std::make_shared<Lookup>();
  const Lookup::Wait wait{*lookup, timer};
  std::thread{look_up, lookup, to}.detach();
  std::error_code woken;  // Either way: found, or too late.
  co_await timer.async_wait(into(woken));
  co_return lookup->found;
}

}  // namespace netkit::net
