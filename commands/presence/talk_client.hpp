// Sending messages and files to another peer: its addresses one after the other, until each text is
// acknowledged or it is clear that it will not be. `netkit peer send` and the interactive peer.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "commands/presence/announcement.hpp"
#include "commands/presence/courier.hpp"
#include "commands/presence/parcel.hpp"
#include "identity/key_pair.hpp"
#include "net/limits.hpp"

namespace netkit::presence {

struct SendPlan {
  std::vector<std::string> addresses;  ///< Numeric or names, tried in this order: latest first.
  std::uint16_t port = 0;              ///< Announcement::tcp_port of whom it goes to.
  std::string key;                     ///< Who it is for, 32 bytes; empty: whoever `meet` trusts.
  std::string certificate;  ///< The announced one, 32 bytes: another ends TLS early. May be empty.
  const identity::KeyPair* pair = nullptr;  ///< Ours.
  Announcement own;                         ///< Name, tags, instance and a fresh sequence.
  /// Whether to trust a peer of this name and key: KnownPeers::check(), and that it is the name
  /// that was asked for. Called once it has proved to have that key, before any text is sent.
  std::function<Status(const Announcement& peer)> meet;
  /// Each 1 to 65,536 bytes of UTF-8.
  std::vector<std::string> texts;
  /// Files that go once the texts are delivered; those that are told of already do not.
  std::vector<Parcel> parcels;
  ParcelWatch watch;
  /// The id of the first text, the others count up from it; 0: a random one. What is sent again
  /// keeps its id, so that it is not shown twice.
  std::uint64_t first_id = 0;
  std::uint64_t time_ms = 0;                                         ///< Wall clock.
  std::chrono::nanoseconds connect_limit = std::chrono::seconds{2};  ///< Each address, with TLS.
  /// How long nothing may be acknowledged.
  std::chrono::nanoseconds answer_limit = net::answer_limit;
};

struct SendReport {
  /// One a text: ok if it is delivered. Errc::refused for a peer that is not trusted or says no;
  /// what connect() fails with; Errc::timed_out and Errc::closed for one that was lost before it
  /// answered: then the text may have been delivered all the same.
  std::vector<Status> texts;
  /// As they were given, and what became of them. Those that are told of nothing go on next time.
  std::vector<Parcel> parcels;
  Status ended = ok;                 ///< Why not all is told of.
  std::optional<Announcement> peer;  ///< Who it was, if it proved that.

  bool all_delivered() const;
  /// The first error, or ok.
  Status outcome() const;
};

/// Runs on the caller's executor, any one; `plan` must outlive it. Ids are kept from one address to
/// the next, so that no text is shown twice. Never sends to a peer that was not trusted.
asio::awaitable<SendReport> send_messages(const SendPlan& plan);

}  // namespace netkit::presence
