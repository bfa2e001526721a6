// What a Stream holds on to. For the files that implement it; nobody else looks inside.
#pragma once

#include <asio/execution/context.hpp>
#include <asio/query.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "net/deadline.hpp"
#include "net/readiness.hpp"
#include "net/sctp_association.hpp"
#include "net/sctp_kernel.hpp"
#include "net/stream.hpp"
#include "net/traffic.hpp"

namespace netkit::net {

struct Stream::Core {
  Core(const asio::any_io_executor& executor, FileDescriptor from)
      : socket{std::move(from)},
        watched{std::in_place, set_of(executor), socket.get()},
        deadline{executor, [this] { cancel(Errc::timed_out); }} {}

  static Readiness& set_of(const asio::any_io_executor& executor) {
    return asio::use_service<Readiness>(asio::query(executor, asio::execution::context));
  }

  Core(const asio::any_io_executor& executor, std::unique_ptr<SctpAssociation> from)
      : association{std::move(from)}, deadline{executor, [this] { cancel(Errc::timed_out); }} {}

  Attempt received(Attempt attempt) const {
    if (traffic) Traffic::add(traffic->received, attempt.count);
    return attempt;
  }
  Attempt sent(Attempt attempt) const {
    if (traffic) Traffic::add(traffic->sent, attempt.count);
    return attempt;
  }

  void cancel(Errc why) {
    if (association) {
      association->end_wait(SctpAssociation::Wanted::read, why);
      association->end_wait(SctpAssociation::Wanted::write, why);
    }
    if (!watched) return;
    watched->end_wait(Direction::read, why);
    watched->end_wait(Direction::write, why);
  }

  /// Waits that are still wanted end with an error; later ones fail at once.
  void end() {
    cancel(Errc::closed);
    if (association) association->abort();
    watched.reset();
    tls.reset();  // It writes to the socket's number, which may be another's soon.
    socket.reset();
  }

  /// TLS has taken bytes from the socket that nobody has read.
  bool has_unread() const { return tls && tls->has_unread(); }
  /// Why a wait for reading would not begin, if it would not.
  std::optional<Status> readable_at_once() const {
    if (has_unread()) return ok;
    if (!watched && !association) return Errc::closed;
    if (interrupted) return Errc::stopped;
    if (deadline.passed()) return Errc::timed_out;
    return std::nullopt;
  }
  Direction direction_of_reading() const {
    return reading_needs_write ? Direction::write : Direction::read;
  }

  FileDescriptor socket;
  std::optional<Watched> watched;                // Until the socket is closed.
  std::unique_ptr<SctpRecords> records;          // Of a socket of the kernel's SCTP.
  std::unique_ptr<SctpAssociation> association;  // Instead of a socket.
  Deadline deadline;
  std::unique_ptr<TlsSession> tls;
  bool interrupted = false;
  bool reading_needs_write = false;  // What the last attempt, under TLS, would have waited for.
  bool writing_needs_read = false;
  bool ends_messages = true;
  Traffic* traffic = nullptr;
};

}  // namespace netkit::net
