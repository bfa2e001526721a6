// One run of a peer: its port for messages, its place in the group and in the daemon's roster, and
// what it knows of the others. What is done with all that is its face's: `peer`, `peer listen`.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "commands/presence/appearance.hpp"
#include "commands/presence/outbox.hpp"
#include "commands/presence/peer_keys.hpp"
#include "commands/presence/peer_words.hpp"
#include "commands/presence/talk_server.hpp"
#include "log/logger.hpp"
#include "net/server.hpp"
#include "transfer/offload.hpp"
#include "transfer/root.hpp"

namespace netkit::presence {

/// The options of those verbs that make somebody be here.
struct MemberOptions {
  PeerOptions peer;
  std::optional<std::string> name;
  std::optional<net::Endpoint> listen;
  std::vector<std::string> tags;
  bool away = false;
  std::optional<std::string> files;  ///< The folder for files of peers; none are taken without.
};
void declare_member(cli::Options& options, MemberOptions& member);

class Member;

/// Whoever sits in front: a person's terminal or a script's pipes. All on the member's thread.
class Face {
 public:
  virtual ~Face() = default;
  /// While the peer is here; what it returns is the outcome of it all. It may be dropped at any
  /// wait, when a signal ends the peer.
  virtual asio::awaitable<Status> run(Member& member) = 0;
  /// A message; it is acknowledged unless this is an error.
  virtual Status heard(const Heard& message) = 0;
  /// A file, which is in its place.
  virtual void arrived(const HeardFile& file) = 0;
  /// A signal ends it all before run() has: the outcome.
  virtual Status interrupted() { return ok; }
  /// What Circle tells. Of ourselves nothing.
  virtual void changed(const Entry& now, std::optional<State> before) = 0;
  virtual void source(const Circle::Source& source) = 0;
};

class Member {
 public:
  struct Plan {
    MemberOptions options;
    /// Takes the log lines of the network, which tell people little; nullptr: where they go by
    /// default.
    log::Sink* sink = nullptr;
  };

  /// `face` gets the member, and goes before it. Until the face or a signal ends it; then it takes
  /// its leave of all. A signal is no error.
  static Status run(const cli::Context& context, Plan plan,
                    const std::function<std::unique_ptr<Face>()>& face);

  asio::io_context& context() { return server_->main_context(); }
  Circle& circle() const { return appearance_->circle(); }
  Outbox& outbox() { return *outbox_; }
  const OwnWords& words() const { return *words_; }
  const Herald& herald() const { return appearance_->herald(); }
  void set_away(bool away);
  /// Ends it all, whatever the face is waiting for; the first error counts.
  void end(const Status& outcome);

 private:
  Member(const cli::Context& context, Plan plan);
  Status open();
  Status serve();
  void open_talk(TalkPort& port);
  void begin();
  void begin_leaving();
  Status meet(const Announcement& peer);
  Status hear(const Announcement& from, const Say& say);
  void hear_file(const Announcement& from, const std::string& file, std::uint64_t size);
  std::string name_of(const Announcement& peer) const;

  const cli::Context& context_;
  const Plan plan_;
  log::StderrSink to_stderr_;
  log::Logger log_;  // Of the network.
  std::string state_;
  std::optional<PeerKeys> keys_;
  std::optional<KnownPeers> known_;
  std::optional<OwnWords> words_;
  std::optional<transfer::Root> files_;
  std::optional<TalkServer> talk_;
  std::optional<net::Listening> listening_;
  std::string endpoint_;
  std::function<std::unique_ptr<Face>()> make_face_;

  // All below end before the server does, as it has the io_context.
  std::optional<net::Server> server_;
  std::optional<transfer::Offload> helpers_;  // For files.
  std::optional<Appearance> appearance_;
  std::shared_ptr<Outbox> outbox_;
  std::unique_ptr<Face> face_;
  Status outcome_ = ok;
  bool ended_ = false;  // By end(), not by a signal.
  bool leaving_ = false;
};

}  // namespace netkit::presence
