// Files on their way from a server into a folder of ours, or to stdout: what `get` does once it is
// connected. Keeps what has come when a connection breaks, and goes on with the next one.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "commands/filesrv/client.hpp"
#include "commands/filesrv/tally.hpp"
#include "transfer/hash_jobs.hpp"
#include "transfer/receive.hpp"
#include "transfer/root.hpp"

namespace netkit::filesrv {

struct FetchWish {
  std::vector<std::string> paths;  ///< Checked, or patterns.
  /// Where files go: a folder, or one file in it, or stdout.
  std::optional<transfer::Root> folder;  ///< None: stdout.
  std::string name;                      ///< Of the one file; empty: as the server calls it.
  bool recursive = false;
  bool resume = false;
  bool checksum = false;  ///< Resuming, look at the bytes also where size and time agree.
  bool checked = true;
  bool follow = false;
};

class Fetch {
 public:
  Fetch(cli::Context& context, FetchWish wish);

  /// Fetches what is not there yet. Called again after a connection that broke.
  asio::awaitable<Status> run(FilesClient& client);
  /// What went wrong with single things; said already, but for the last.
  const Status& outcome() const { return tally_.outcome(); }
  Status finish();

 private:
  /// The file whose bytes are coming.
  struct Current {
    transfer::Entry entry;
    std::string local;  ///< Below the folder.
    std::optional<transfer::Incoming> file;
    std::shared_ptr<const FileDescriptor> bytes;  ///< Of its part file, for those who hash it.
    std::uint64_t ranges_left = 1;                ///< Ends that are to come.
    std::uint64_t kept = 0;
    bool skipped = false;   ///< Something went wrong here: what comes of it is let pass.
    bool unwanted = false;  ///< It cannot be kept, and nothing comes after it.
  };

  /// A chunk on its way to stdout, which it does not reach before it is checked.
  struct Held {
    std::shared_ptr<std::string> bytes;
    transfer::Hash told;
  };

  asio::awaitable<Status> run_inner(FilesClient& client);
  Status print(std::string_view bytes);
  asio::awaitable<Result<transfer::Piece>> next(FilesClient& client);
  asio::awaitable<Status> fetch_all(FilesClient& client, std::deque<std::string> requests);
  void note_printed(std::size_t answered);
  void start_hashes();
  asio::awaitable<Status> take_hashes(std::size_t left);
  Status take_hash(const transfer::HashedChunk& hashed);
  Status take(const transfer::Piece& piece);
  Status take_answer(const transfer::Answer& answer, std::uint32_t stream);
  Status begin(const transfer::Entry& entry);
  bool was_asked_for(const transfer::Entry& entry) const;
  Status take_done(const transfer::Done& done);
  Status open(Current& current, bool resume);
  Status take_data(const transfer::Piece& piece);
  void make_room_for_chunk();
  Status end(const transfer::End& end);
  void fail(const Error& why);
  Result<std::string> local_name(const transfer::Entry& entry);
  void bring_in();
  asio::awaitable<Status> settle();
  asio::awaitable<Status> settle_first(const transfer::Entry& entry);
  asio::awaitable<Status> settle_first(const transfer::Piece& piece);
  void make_folder(const transfer::Entry& entry);
  void set_folder_times();

  // Resuming (fetch_resume.cpp).
  asio::awaitable<Status> resume_all(FilesClient& client);
  bool is_there(const transfer::Entry& entry, const std::string& local) const;
  asio::awaitable<Status> resume_file(FilesClient& client, const transfer::Entry& entry);
  void seed(const std::string& local) const;
  struct Range {
    std::uint64_t from;
    std::uint64_t count;  ///< Whole chunks; 0: all.
  };
  std::vector<Range> compare(const std::vector<transfer::Hash>& theirs);

  cli::Context& context_;
  FetchWish wish_;
  Tally tally_;
  std::vector<bool> done_;                      // Of wish_.paths.
  std::map<std::uint32_t, std::string> asked_;  // By stream: what a refusal is about.
  std::set<std::string> brought_;  // Files that this run has brought, in case it has to go on.
  std::optional<Current> current_;
  bool in_file_ = false;                 // Of the answer that is under way: a file has begun,
  std::uint64_t ends_ = 0;               // so many have ended,
  std::uint64_t failures_ = 0;           // and of so many it was said that they cannot be sent.
  bool asked_alive_ = false;             // Of a file that is followed: a ping has no answer so far.
  std::vector<std::size_t> asking_for_;  // Places in wish_.paths, in the order of the answers.
  std::uint64_t printed_ = 0;            // Bytes of the file that goes to stdout now,
  std::uint64_t from_ = 0;               // and as many had gone before the connection broke.
  std::uint64_t printed_version_ = 0;
  std::uint64_t printed_size_ = 0;        // Of that file in all.
  transfer::HashJobs* hashes_ = nullptr;  // Of run(),
  transfer::Jobs<std::vector<transfer::Harvest::Stored>>* bringing_ = nullptr;  // and this.
  // For stdout: what came of a chunk, chunks that are being checked, and what came before those.
  std::string held_;
  std::deque<Held> checking_;
  std::string spare_;  // The memory of a chunk that was printed, for the next one.
  std::optional<transfer::RootHasher> root_;
  std::uint64_t next_ = 0;
  transfer::Harvest harvest_;
  // By tag: in harvest_, or being brought in.
  struct Waiting {
    std::string path;
    std::string local;
    std::uint64_t kept;
  };
  std::map<std::uint64_t, Waiting> waiting_;
  static constexpr std::uint64_t no_tag = 0;  // Of folders, which nobody waits for.
  std::uint64_t last_tag_ = no_tag;
  std::vector<std::pair<std::string, transfer::Facts>> folders_;
  bool broke_ = false;
  const bool resume_wished_;
};

}  // namespace netkit::filesrv
