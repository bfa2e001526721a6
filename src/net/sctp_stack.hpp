// User-space SCTP over UDP (RFC 6951): usrsctp without threads of its own, fed from sockets and a
// timer of Asio's. The one user of usrsctp, which a process has once: it belongs to one io_context,
// and all its associations live on that thread. Costs nothing until the first is wanted. When it is
// used, and when the kernel's SCTP: net/sctp_choice.hpp.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "net/sctp_association.hpp"

namespace netkit::net {

/// The addresses of one of a peer's hosts, in the order to try. Several hosts are several ways.
using SctpHosts = std::vector<std::vector<asio::ip::address>>;

class SctpStack final : public asio::execution_context::service {
 public:
  using key_type = SctpStack;
  inline static asio::execution_context::id id;

  explicit SctpStack(asio::execution_context& context);
  ~SctpStack() override;

  /// The stack of `io`, started. Errc::busy while another io_context of this process has it.
  static Result<SctpStack*> of(asio::io_context& io);

  /// Associates with the SCTP port `port`, in UDP datagrams to the UDP port of the same number, of
  /// a peer that has these addresses. Until `until` at the latest.
  asio::awaitable<Result<std::unique_ptr<SctpAssociation>>> connect(
      SctpHosts hosts, std::uint16_t port, SctpSettings settings,
      std::chrono::steady_clock::time_point until);

  std::size_t association_count() const { return by_key_.size(); }

 private:
  friend class SctpAssociation;
  friend class SctpListener;

  /// A datagram that belongs to no association, while usrsctp looks at it: where answers go.
  struct Stranger {
    const SctpPort& port;
    const UdpRoute& route;
    SctpKey key;
    std::uint32_t peer_tag = 0;
  };
  /// usrsctp's listening socket of one SCTP port, shared by all who listen there.
  struct Listening {
    struct socket* socket = nullptr;
    std::size_t users = 0;
  };

  void shutdown() override;
  Status start();
  void finish();

  static int on_output(void* peer, void* packet, std::size_t size, std::uint8_t, std::uint8_t);
  static void on_event(struct socket*, void* association, int);

  std::shared_ptr<SctpPort> open_port(FileDescriptor bound, bool connected);
  Status add_ways(SctpAssociation& association, const SctpHosts& hosts, std::uint16_t port);
  SctpKey free_key(std::uint16_t remote_port) const;

  Status listen_on(std::uint16_t port, const SctpSettings& settings);
  void listen_no_more_on(std::uint16_t port);

  void take(const std::shared_ptr<SctpPort>& port, const UdpRoute& route, std::string_view packet);
  void take_stranger(const std::shared_ptr<SctpPort>& port, const UdpRoute& route,
                     const SctpHead& head, std::string_view packet);
  void accept(const std::shared_ptr<SctpPort>& port, const UdpRoute& route, const SctpHead& head);
  std::uint16_t peer_number(const UdpRoute& route, const SctpHead& head, unsigned attempt) const;
  bool may_answer_stranger();

  void feed(const SctpKey& key, std::string_view packet);
  void know_tag(SctpAssociation& association, std::uint32_t tag);
  void look_at(SctpAssociation& association);
  void wake_all();
  void add(SctpAssociation& association);
  void remove(SctpAssociation& association);
  void advance_clock();
  void tick();

  asio::io_context& io_;
  bool started_ = false;
  bool counts_checksums_ = false;  // Here, and not in usrsctp.
  std::uint64_t secret_ = 0;
  std::unique_ptr<char[]> memory_;
  asio::steady_timer timer_;
  bool ticking_ = false;
  std::chrono::steady_clock::time_point clock_;
  std::chrono::steady_clock::time_point budget_from_;
  unsigned budget_ = 0;
  std::unordered_map<std::uint64_t, SctpAssociation*> by_key_;
  std::unordered_map<std::uint64_t, SctpAssociation*> by_tag_;
  std::map<std::uint16_t, Listening> listening_;
  std::set<SctpListener*> listeners_;
  std::vector<SctpAssociation*> woken_;
  std::optional<Stranger> stranger_;
};

/// Takes new associations from one UDP socket.
class SctpListener {
 public:
  using Admits = std::function<bool(const asio::ip::address& sender)>;

  /// `bound` is a UDP socket; the SCTP port is its port. Peers that `admits` is false for get no
  /// answer. Starts to listen at once.
  static Result<std::unique_ptr<SctpListener>> open(asio::io_context& io, FileDescriptor bound,
                                                    SctpSettings settings, Admits admits);
  ~SctpListener();
  SctpListener(const SctpListener&) = delete;
  SctpListener& operator=(const SctpListener&) = delete;

  /// The next association; Errc::stopped after close().
  asio::awaitable<Result<std::unique_ptr<SctpAssociation>>> accept();
  /// Takes nobody any more; associations go on.
  void close();

 private:
  friend class SctpAssociation;
  friend class SctpStack;
  /// Associations that nobody has accepted so far.
  static constexpr std::size_t waiting_max = 1024;

  SctpListener(SctpStack& stack, asio::io_context& io, SctpSettings settings, Admits admits)
      : stack_{stack}, settings_{settings}, admits_{std::move(admits)}, arrived_{io} {}

  SctpStack& stack_;
  SctpSettings settings_;
  Admits admits_;
  std::shared_ptr<SctpPort> port_;
  std::uint16_t sctp_port_ = 0;
  std::deque<std::unique_ptr<SctpAssociation>> waiting_;
  Wake arrived_;
  bool closed_ = false;
};

}  // namespace netkit::net
