// A reading coroutine, and one that alone writes.
#include "commands/relay/link.hpp"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "commands/relay/link_messages.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"

namespace netkit::relay {
namespace {

/// One write: the mesh is locked no longer than it takes to gather so much, and no more than one
/// waits for a peer that does not read.
constexpr std::size_t fill_size = 64 * 1024;
/// How often the machine is asked without anything new, as it wants to be.
constexpr std::chrono::milliseconds fill_interval{100};
/// What was said until the end is to get through, but nobody waits for a peer that takes nothing.
constexpr std::chrono::seconds finish_limit{2};
constexpr std::chrono::milliseconds quiet_interval{20};
constexpr std::size_t reason_size_max = 200;

/// Two heartbeats, and the way back of the second one.
std::chrono::nanoseconds silence_limit(std::chrono::nanoseconds heartbeat) {
  return heartbeat * 5 / 2;
}

/// The records of a bundle frame: log u64 | first u64 | count u16.
unsigned records_in(const wire::Frame& frame) {
  constexpr std::size_t count_at = 16;
  if (frame.type != link_type::bundle || frame.body.size() < count_at + 2) return 1;
  return load_be<std::uint16_t>(frame.body.data() + count_at);
}

}  // namespace

/// What another thread may touch of a link, which may be gone by then.
struct Link::Waker : std::enable_shared_from_this<Waker> {
  explicit Waker(const asio::any_io_executor& executor) : timer{executor} {}

  void wake() {
    if (due.exchange(true)) return;
    asio::post(timer.get_executor(), [self = shared_from_this()] { self->timer.cancel(); });
  }

  asio::steady_timer timer;
  std::atomic<bool> due{true};
};

Moment moment_now() {
  using namespace std::chrono;
  const auto wall = system_clock::now().time_since_epoch();
  return {.steady = steady_clock::now().time_since_epoch(),
          .wall_ms = static_cast<std::uint64_t>(duration_cast<milliseconds>(wall).count())};
}

Link::Link(const WithMesh& with_mesh, LinkCarrier& carrier, std::string peer, LinkPace pace,
           asio::any_io_executor executor)
    : with_mesh_{with_mesh},
      carrier_{carrier},
      pace_{pace},
      peer_{std::move(peer)},
      waker_{std::make_shared<Waker>(executor)},
      flood_{pace.records_per_s, pace.records_per_s} {
  with_mesh_(
      [&](Mesh& mesh) { machine_ = std::make_unique<LinkMachine>(mesh, peer_, moment_now()); });
}

Link::~Link() {
  with_mesh_([&](Mesh&) { machine_.reset(); });
}

void Link::wake() {
  waker_->wake();
}

asio::awaitable<Status> Link::run(const wire::Frame* first) {
  carrier_.stream().expire_in(silence_limit(pace_.heartbeat));
  if (first)
    if (Status heard = hear(*first); !heard) co_return heard;
  std::vector<asio::awaitable<Status>> parts;
  parts.push_back(read());
  parts.push_back(write());
  co_return co_await net::together(std::move(parts));
}

Status Link::hear(const wire::Frame& frame) {
  if (frame.type == wire::frame_type::goodbye)
    return Error{Errc::closed, "keep the link", "relay " + peer_ + " has stopped"};
  if (frame.type == wire::frame_type::error)
    return Error{Errc::refused, "link with relay " + peer_,
                 escape_for_display(frame.body.substr(0, reason_size_max))};
  Status heard = ok;
  with_mesh_([&](Mesh&) { heard = machine_->hear(frame, moment_now()); });
  if (heard) return ok;
  refused_peer_ = true;
  const std::string why = heard.error().message();
  wire::append_frame(last_words_, {.type = wire::frame_type::error, .body = why});
  finish();
  return heard;
}

asio::awaitable<Status> Link::read() {
  Status ended = ok;
  while (ended && !ended_) {
    const Result<wire::Frame> frame = co_await carrier_.next();
    if (!frame) {
      ended = frame.error();
      break;
    }
    for (unsigned records = records_in(*frame); records > 0; --records)
      flood_.take(moment_now().steady);
    ended = hear(*frame);
    if (!ended) break;
    co_await pause_reading();
    if (!finishing_) carrier_.stream().expire_in(silence_limit(pace_.heartbeat));
  }
  if (last_words_.empty()) end(ended);
  co_return ended;
}

/// The peer is not silent while it is not listened to; it hears our heartbeats meanwhile.
asio::awaitable<void> Link::pause_reading() {
  asio::steady_timer timer{waker_->timer.get_executor()};
  while (!ended_ && !finishing_) {
    const std::chrono::nanoseconds wait = flood_.wait(moment_now().steady);
    if (wait.count() == 0) co_return;
    carrier_.stream().expire_never();
    timer.expires_after(std::min<std::chrono::nanoseconds>(wait, fill_interval));
    std::error_code cancelled;
    co_await timer.async_wait(net::into(cancelled));
  }
}

/// What clients say until they are gone still goes out.
asio::awaitable<void> Link::await_quiet() {
  asio::steady_timer timer{waker_->timer.get_executor()};
  const auto end = std::chrono::steady_clock::now() + finish_limit / 2;
  while (pace_.is_quiet && !pace_.is_quiet() && std::chrono::steady_clock::now() < end) {
    timer.expires_after(quiet_interval);
    std::error_code cancelled;
    co_await timer.async_wait(net::into(cancelled));
  }
}

bool Link::fill() {
  out_.clear();
  bool more = false;
  with_mesh_([&](Mesh& mesh) {
    mesh.seal();
    more = machine_->fill(out_, fill_size, moment_now());
  });
  return more;
}

asio::awaitable<Status> Link::send_all() {
  bool more = true;
  while (more && !ended_) {
    waker_->due = false;
    more = fill();
    if (out_.empty()) break;
    if (Status sent = co_await carrier_.send(out_); !sent) co_return sent;
  }
  co_return ok;
}

asio::awaitable<Status> Link::write() {
  Status sent = ok;
  while (sent && !ended_ && !finishing_) {
    sent = co_await send_all();
    if (!sent || ended_ || finishing_ || waker_->due) continue;
    waker_->timer.expires_after(fill_interval);
    std::error_code woken;  // Either way: the interval is over, or there is something to send.
    co_await waker_->timer.async_wait(net::into(woken));
  }
  if (sent && finishing_ && last_words_.empty()) {
    co_await await_quiet();
    sent = co_await send_all();
    wire::append_frame(last_words_, {.type = wire::frame_type::goodbye, .body = {}});
  }
  if (sent && finishing_) sent = co_await carrier_.send(last_words_);
  end(sent);
  co_return sent;
}

void Link::finish() {
  if (std::exchange(finishing_, true)) return;
  carrier_.stream().expire_in(finish_limit);
  carrier_.stream().interrupt();
  waker_->timer.cancel();
}

/// Whichever half ends first ends the other one.
void Link::end(const Status& why) {
  // Draining interrupts whoever reads: what there is to say is said before.
  if (!why && why.error().code == Errc::stopped && !ended_) return finish();
  if (finishing_ && why) {
    ended_ = true;
    return;
  }
  if (std::exchange(ended_, true)) return;
  waker_->timer.cancel();
  carrier_.stream().abort();
}

}  // namespace netkit::relay
