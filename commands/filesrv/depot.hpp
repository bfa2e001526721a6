// What a file server serves: folders by name, who may do what in them, how much and how fast. All
// dialects ask it; it knows none of them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/filesrv/pace.hpp"
#include "transfer/leaf_cache.hpp"
#include "transfer/offload.hpp"
#include "transfer/root.hpp"
#include "transfer/walls.hpp"

namespace netkit::filesrv {

/// One folder that is served, under a name; the only one may have none.
struct Share {
  std::string name;
  transfer::Root root;
};

struct DepotSettings {
  bool upload = false;
  bool drop_box = false;  ///< Files may be put, and neither listed nor fetched.
  std::uint64_t file_size_max = UINT64_MAX;
  std::uint64_t upload_total_max = UINT64_MAX;  ///< Of all uploads since the start.
  std::uint64_t rate_max = 0;                   ///< Bytes a second in total; 0: no limit.
  std::uint64_t client_rate_max = 0;            ///< Of one connection.
  unsigned helpers = 2;                         ///< Threads for hashing and syncing.
};

/// A path of a peer's, and where it leads.
struct Located {
  const Share* share = nullptr;  ///< None: the list of the shares itself.
  std::string path;              ///< Below the share.
};

class Depot {
 public:
  Depot(std::vector<Share> shares, DepotSettings settings);

  const std::vector<Share>& shares() const { return shares_; }
  const DepotSettings& settings() const { return settings_; }
  /// True for one share without a name: paths are below it.
  bool is_single() const { return shares_.size() == 1 && shares_.front().name.empty(); }
  /// Errc::malformed for what check_path() refuses, Errc::not_found for a share that is none.
  Result<Located> locate(std::string_view path) const;

  /// What others call `path` below `share`: the other way of locate().
  std::string path_of(const Share& share, std::string_view path) const;

  transfer::Offload& helpers() { return *helpers_; }
  transfer::LeafCache& cache() { return cache_; }
  Pace& pace() { return pace_; }
  /// Ends the helpers, before the connections' threads go.
  void stop() { helpers_.reset(); }

  /// Whether a file of that size could be taken, now and by itself. Sets nothing aside.
  Status check_room(std::uint64_t file_size) const;
  /// Sets bytes of an upload aside: Errc::too_large beyond file_size_max, ENOSPC beyond the total.
  /// What did not come in the end is given back.
  Status reserve(std::uint64_t file_size_so_far, std::uint64_t more);
  void give_back(std::uint64_t bytes);

  /// What `info` says of the server, a line each.
  std::string describe() const;
  void set_walls(transfer::Walls walls) { walls_ = walls; }

 private:
  Error no_room() const;

  const std::vector<Share> shares_;
  const DepotSettings settings_;
  std::atomic<std::uint64_t> uploaded_{0};
  transfer::Walls walls_;
  const std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  Pace pace_;
  transfer::LeafCache cache_;
  std::optional<transfer::Offload> helpers_;
};

}  // namespace netkit::filesrv
