// Files on their way from here to a server: what `put` does once it is connected. Sends without
// waiting, and hears beside it what was stored and what was refused.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
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
#include "transfer/offload.hpp"
#include "transfer/send.hpp"

namespace netkit::filesrv {

struct StoreWish {
  std::vector<std::string> files;  ///< Local, as typed.
  std::string to;                  ///< The folder at the server, checked; empty: the top.
  std::string name;                ///< Of the one file there; empty: as it is called here.
  bool recursive = false;
  bool resume = false;
  bool checksum = false;
  bool replace = false;
};

class Store {
 public:
  Store(cli::Context& context, StoreWish wish);

  /// Stores what is not there yet. Called again after a connection that broke.
  asio::awaitable<Status> run(FilesClient& client);
  Status finish();

 private:
  /// A file whose outcome the server has not told yet.
  struct Waiting {
    std::string path;
    std::uint64_t size = 0;
    std::uint64_t kept = 0;
    bool folder = false;
  };
  /// What a put that goes on waits for.
  struct Kept {
    std::vector<transfer::Hash> hashes;
    bool told = false;
  };
  using File = std::shared_ptr<const transfer::OpenFile>;

  asio::awaitable<Status> send_all(FilesClient& client);
  asio::awaitable<Status> send_all_inner(FilesClient& client);
  asio::awaitable<Status> hear_all(FilesClient& client);
  Status hear(const transfer::Answer& answer, std::uint32_t stream);
  asio::awaitable<Status> learn(FilesClient& client);
  asio::awaitable<Status> send_top(FilesClient& client, const std::string& file);
  asio::awaitable<Status> send_tree(FilesClient& client, const std::string& folder,
                                    const std::string& path);
  asio::awaitable<Status> send_folder(FilesClient& client, const std::string& path,
                                      const transfer::Facts& facts);
  asio::awaitable<Status> send_file(FilesClient& client, const std::string& path, File file);
  asio::awaitable<Status> send_rest(FilesClient& client, const std::string& path, File file,
                                    std::uint32_t stream);
  asio::awaitable<Status> wait_for_room();
  bool is_there(const std::string& path, const transfer::Facts& facts) const;
  bool all_told() const { return waiting_.empty(); }
  void wake() { changed_->cancel(); }

  StoreWish wish_;
  Tally tally_;
  transfer::Offload* helpers_ = nullptr;  // Of run(): they go before its executor does.
  std::optional<transfer::Sender> sender_;
  std::vector<char> memory_;
  std::map<std::uint32_t, Waiting> waiting_;      // By stream.
  std::map<std::uint32_t, Kept> kept_;            // Of puts that go on.
  std::map<std::string, transfer::Facts> there_;  // At the server, if that is asked.
  std::unique_ptr<asio::steady_timer> changed_;   // Never fires; cancelled when something was told.
  Status ended_ = ok;                             // Of the half that hears.
  bool sent_all_ = false;
  std::set<std::string> stored_;  // By this run, in case it has to go on.
  const bool resume_wished_;
  bool broke_ = false;
};

}  // namespace netkit::filesrv
