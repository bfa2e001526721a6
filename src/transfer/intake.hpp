// What is put, as it comes in frames: one file after the other into its NAME.part, and those that
// are whole into their places. Servers of files and peers that take some each have one a
// connection; who may put what where is told by its owner.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "transfer/jobs.hpp"
#include "transfer/messages.hpp"
#include "transfer/offload.hpp"
#include "transfer/pieces.hpp"
#include "transfer/receive.hpp"
#include "transfer/root.hpp"

namespace netkit::transfer {

/// Errc::refused for a path that ends as those of files under way do.
Status check_not_part(std::string_view path);

class Intake {
 public:
  class Owner {
   public:
    /// Where a file that is announced goes; or why it is refused.
    virtual Result<Place> admit(const Put& file) = 0;
    /// Whether so many bytes more may be kept. They count for as long as they do, in NAME.part too.
    virtual Status make_room(std::uint64_t bytes) = 0;
    /// Makes the folder that is put, and opens it.
    virtual Result<FileDescriptor> make_folder(const Put& folder) = 0;
    /// Whether the very file that a put wants to go on with is in its place already.
    virtual bool is_there(const Put& file) const = 0;
    /// A file is in its place; the other side is told after this.
    virtual void stored(const Put& file) = 0;
    /// Appends a Refusal that tells it.
    virtual void refuse(std::uint32_t stream, const Error& why) = 0;
    /// What answers are appended to.
    virtual std::string& out() = 0;
    /// Sends that; or only if it is worth it.
    virtual asio::awaitable<Status> flush() = 0;
    virtual asio::awaitable<Status> flush_if_large() = 0;

   protected:
    ~Owner() = default;
  };

  /// `owner` and `helpers` outlive it. Without helpers the caller's thread waits for disks.
  Intake(Owner& owner, Offload* helpers) : owner_{owner}, helpers_{helpers} {}
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  /// What cannot be stored is refused, and what comes of it let pass. An error is final: it makes
  /// no sense.
  Status begin(std::uint32_t stream, const Put& put);
  /// The same of a put that goes on: answers with the hashes of what NAME.part has.
  asio::awaitable<Status> resume(std::uint32_t stream, const Put& put);
  /// Lets pass what comes of a file that was refused before it got here.
  void let_pass(std::uint32_t stream);
  Status take_data(const Piece& piece);
  /// A chunk's hash or the end of a file.
  Status take_part(const wire::Frame& frame);
  /// A file of this path is whole, and it is not told yet where it went. Another is to wait.
  bool holds(std::string_view path) const;
  /// Some are whole and wait for bring_in(); while it is full, no more is to be taken.
  bool has_whole() const { return !batch_.harvest.empty(); }
  bool is_full() const { return batch_.harvest.is_full(); }
  /// Hands those to a helper, or keeps them while it has others, and tells of those that are in
  /// their places by now. Waits for nothing but room.
  asio::awaitable<Status> bring_in();
  /// A helper has some, or had, and that was not told.
  bool is_bringing() const { return bringing_ && bringing_->size() > 0; }
  /// Until all that are whole are in their places, and told.
  asio::awaitable<Status> settle();
  /// Nothing more comes. NAME.part stays for the next time. By the owner, before it goes.
  void end() { upload_.reset(); }

 private:
  struct Upload {
    std::uint32_t stream = 0;
    Put put;
    std::optional<Incoming> file;  ///< None: it was refused, and what comes is let pass.
  };
  struct Whole {
    std::uint32_t stream = 0;
    Put put;
  };
  /// Files that are put in their places together.
  struct Batch {
    Harvest harvest;
    std::vector<Whole> whole;  ///< The tags of the harvest are places in here.
    std::vector<Harvest::Stored> stored = {};
  };

  Status open(Upload& upload);
  Status make_folder(const Upload& upload);
  void fail(const Error& why);
  void hand_over(const asio::any_io_executor& executor);
  asio::awaitable<Status> tell_oldest();
  asio::awaitable<Status> tell_kept(std::uint32_t stream);
  asio::awaitable<Result<Hash>> hash_kept(std::uint64_t index, std::uint64_t length);

  Owner& owner_;
  Offload* const helpers_;
  std::optional<Upload> upload_;
  Batch batch_;  // The next one.
  std::optional<Jobs<std::shared_ptr<Batch>>> bringing_;
  std::shared_ptr<const Batch> under_way_;  // All but `whole` is the helper's.
};

}  // namespace netkit::transfer
