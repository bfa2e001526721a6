// Herald, attendance and circle put together, and their leave.
#include "commands/presence/appearance.hpp"

#include <asio/co_spawn.hpp>
#include <chrono>
#include <utility>

#include "cli/globals.hpp"

namespace netkit::presence {
namespace {

/// For words that are on their way when all else has ended; a leave is due within 200 ms.
constexpr std::chrono::milliseconds farewell_limit{500};

}  // namespace

Appearance::Appearance(const cli::Context& context, log::Logger& log, asio::io_context& io,
                       OwnWords& words, const PeerOptions& options)
    : io_{io}, herald_{Herald::open(io, log, words, peer_group(options))} {
  words.set_udp_port(herald_->port());
  attendance_ = std::make_shared<Attendance>(io, context.globals.sctp, log, words, *herald_);
  circle_ = std::make_shared<Circle>(context, io, options, attendance_.get());
  attendance_->post = [this](std::string_view frames) { circle_->post(frames); };
  attendance_->doubt = [this] { circle_->doubt(); };
}

void Appearance::begin(std::function<void(const Status&)> on_end) {
  herald_->start();
  ++under_way_;
  asio::co_spawn(
      io_, Circle::run(circle_),
      [this, on_end = std::move(on_end)](std::exception_ptr thrown, const Status& ended) {
        if (thrown) std::rethrow_exception(thrown);
        on_end(ended);
        --under_way_;
      });
}

void Appearance::renew() {
  attendance_->update();
  herald_->announce();
}

void Appearance::leave() {
  ++under_way_;
  asio::co_spawn(io_, Herald::leave(herald_), [this](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
    herald_->stop();
    --under_way_;
  });
  attendance_->leave();
  circle_->stop();
}

void Appearance::finish() {
  io_.restart();
  const auto until = std::chrono::steady_clock::now() + farewell_limit;
  while (under_way_ > 0 && std::chrono::steady_clock::now() < until)
    if (io_.run_one_until(until) == 0) break;
}

}  // namespace netkit::presence
