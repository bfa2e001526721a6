// One request a connection, in little memory and time. Whoever comes when there are enough already
// takes the place of the one that has been there longest.
#include "cli/metrics_door.hpp"

#include <algorithm>
#include <array>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <sys/socket.h>

#include "net/limits.hpp"
#include "net/spawn.hpp"
#include "net/stream.hpp"

namespace netkit::cli {
namespace {

constexpr std::size_t scrapes_max = 8;  // At a time.
constexpr std::size_t request_size_max = 4096;
constexpr std::chrono::seconds scrape_limit{5};

constexpr wire::HttpField text_type{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"};
constexpr wire::HttpField fresh{"Cache-Control", "no-store"};

using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

struct Door {
  MetricsPages pages;
  std::deque<net::Stream*> open = {};  // The oldest first.
};

/// A connection's place among those that are open.
class Place {
 public:
  Place(Door& door, net::Stream& stream) : door_{door}, stream_{stream} {
    if (door.open.size() >= scrapes_max) {
      door.open.front()->abort();
      door.open.pop_front();
    }
    door.open.push_back(&stream);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { std::erase(door_.open, &stream_); }

 private:
  Door& door_;
  net::Stream& stream_;
};

void append_refusal(int status, std::string& out) {
  const std::array fields{text_type, status == 405 ? wire::HttpField{"Allow", "GET, HEAD"} : fresh};
  const std::string_view reason = wire::http_reason(status);
  wire::append_response(out, status, reason, fields, std::string{reason} + "\n");
}

asio::awaitable<void> answer(std::shared_ptr<Door> door, net::Stream stream) {
  const Place place{*door, stream};
  stream.expire_in(scrape_limit);
  std::array<char, request_size_max> head;
  std::size_t size = 0;
  wire::HttpRequestDecoder decoder;
  std::string out;
  while (out.empty()) {
    const auto request = decoder.next({head.data(), size});
    if (!request) {
      append_refusal(wire::http_status(request.error().code), out);
    } else if (request->message) {
      answer_scrape(*request->message, door->pages, out);
    } else if (size == head.size()) {
      append_refusal(431, out);
    } else {
      const auto got = co_await stream.read_some(std::span{head}.subspan(size));
      if (!got) co_return;
      size += *got;
    }
  }
  if (co_await stream.write(out)) co_await stream.close();
}

asio::awaitable<void> accept_scrapes(std::shared_ptr<Door> door, Acceptor acceptor) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer pause{executor};
  for (;;) {
    std::error_code failed;
    net::Stream::Socket socket = co_await acceptor.async_accept(net::into(failed));
    if (failed == asio::error::operation_aborted) co_return;
    if (failed) {
      pause.expires_after(net::accept_pause);
      co_await pause.async_wait(net::into(failed));
      continue;
    }
    const auto peer = net::peer_endpoint(socket.native_handle());
    if (peer && !door->pages.admits(peer->address())) continue;
    asio::co_spawn(executor, answer(door, net::Stream{std::move(socket)}), net::rethrow);
  }
}

}  // namespace

void answer_scrape(const wire::HttpRequest& request, const MetricsPages& pages, std::string& out) {
  const bool head = request.method == "HEAD";
  if (!head && request.method != "GET") return append_refusal(405, out);
  const std::string_view path = request.path().substr(0, request.path().find('?'));
  const bool health = path == "/healthz";
  if (!health && path != "/metrics") return append_refusal(404, out);
  const bool unfit = health && pages.draining();
  const std::string body = !health ? pages.metrics() : unfit ? "draining\n" : "ok\n";
  const int status = unfit ? 503 : 200;
  const std::array fields{text_type, fresh};
  wire::append_response_head(out, status, wire::http_reason(status), fields, body.size());
  if (!head) out += body;
}

void serve_metrics(asio::io_context& io, net::Listening listening, MetricsPages pages) {
  const auto door = std::make_shared<Door>(Door{std::move(pages)});
  for (std::vector<FileDescriptor>& sockets : listening.sockets)
    for (FileDescriptor& socket : sockets) {
      sockaddr_storage address{};
      socklen_t size = sizeof address;
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
      Acceptor acceptor{io};
      acceptor.assign({address.ss_family, address.ss_family == AF_UNIX ? 0 : IPPROTO_TCP},
                      socket.release());
      asio::co_spawn(io, accept_scrapes(door, std::move(acceptor)), net::rethrow);
    }
}

}  // namespace netkit::cli
