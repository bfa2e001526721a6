// Files that another peer sends on an open conversation: into the one folder that was opened for
// them, under plain names, never over what is there. One a conversation; it has no socket.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "transfer/intake.hpp"
#include "transfer/messages.hpp"
#include "transfer/offload.hpp"
#include "transfer/pieces.hpp"
#include "transfer/root.hpp"

namespace netkit::presence {

/// A name under which a file of a stranger may be stored: one component that can be shown, not
/// hidden, not one of a file under way. Errc::refused else.
Status check_file_name(std::string_view name);

class Inbox final : private transfer::Intake::Owner {
 public:
  /// What it refers to outlives it.
  struct Plan {
    std::string own_name;                    ///< Who says no.
    const transfer::Root* folder = nullptr;  ///< None: every file is refused.
    transfer::Offload* helpers = nullptr;    ///< Hash and sync; none: the caller's thread does.
    /// A file is in its place.
    std::function<void(const std::string& name, std::uint64_t size)> came;
    std::function<void(const Error& why)> refused;
    /// Sends answers to the other side.
    std::function<asio::awaitable<Status>(const std::string& answers)> send;
  };

  explicit Inbox(Plan plan) : plan_{std::move(plan)}, intake_{*this, plan_.helpers} {}
  ~Inbox() { intake_.end(); }
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  /// Whether frames of that type are of a file.
  static bool takes(std::uint16_t type);
  /// What files consist of: bounded by their size, not by the rate of messages.
  static bool is_content(std::uint16_t type);

  /// An error is final.
  Status take(const transfer::Piece& piece);
  /// Nothing more is to be taken before rest().
  bool must_rest() const { return asked_ || intake_.is_full(); }
  /// Puts in place what is whole, and sends the answers; to be called after each batch of pieces.
  asio::awaitable<Status> rest();

 private:
  struct Asked {
    std::uint32_t stream = 0;
    transfer::Put put;
  };

  Status begin(const wire::Frame& frame);
  Result<transfer::Place> admit(const transfer::Put& file) override;
  Status make_room(std::uint64_t) override { return ok; }
  Result<FileDescriptor> make_folder(const transfer::Put& folder) override;
  bool is_there(const transfer::Put& file) const override;
  void stored(const transfer::Put& file) override { plan_.came(file.path, file.size); }
  void refuse(std::uint32_t stream, const Error& why) override;
  std::string& out() override { return answers_; }
  asio::awaitable<Status> flush() override;
  asio::awaitable<Status> flush_if_large() override { return flush(); }

  const Plan plan_;
  transfer::Intake intake_;
  std::optional<Asked> asked_;  // Goes on with what is there, which takes a while to tell.
  std::string answers_;
};

}  // namespace netkit::presence
