// What shutdown-server and its agents say to each other: netkit frames, one a WebSocket binary
// message, under the subprotocol `netkit-agent.1`. Pure; opens nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace netkit::shutdown {

inline constexpr std::string_view agent_subprotocol = "netkit-agent.1";
inline constexpr std::string_view operator_subprotocol = "netkit-operator.1";

// str: u16 length | UTF-8. id: 16 bytes. Numbers are big-endian; nothing may follow the last field.
//
// to the server
// hello      1: u8 flags (1 dry run, 2 once) | id machine | id boot | str host | str version
//               | str exec | u8 n, n x 6 hardware address | u8 n, n x u16 TCP port | str code
// goodbye    3: u64 order, 0 for none | str why
// receipt   16: u64 order
// accepted  17: u64 order
// refused   18: u64 order | str why
// going     19: u64 order
// cancelled 20: u64 order
//
// to the agent
// hello      1: str server | u32 heartbeat_ms | str token
// error      2: str why
// order     32: u64 order | id boot | u64 valid_for_ms, 0 for ever | u8 flags (1 force)
//               | str issuer | str reason
// cancel    33: u64 order
//
// An order is 0 only in a goodbye. The flags and the stream of every frame are 0.

using Id = std::array<char, 16>;
using HardwareAddress = std::array<char, 6>;
/// Never 0; shown as 16 hex digits.
using OrderId = std::uint64_t;

inline constexpr std::size_t hardware_addresses_max = 16;
inline constexpr std::size_t ports_max = 64;
inline constexpr std::size_t host_name_size_max = 255;
inline constexpr std::size_t text_size_max = 4096;
inline constexpr std::size_t agent_message_size_max = 32 * 1024;

/// Who an agent is and what it would run. Names and texts are what it says of itself.
struct Hello {
  bool dry_run = false;
  bool once = false;
  Id machine{};
  Id boot{};
  std::string host;
  std::string version;
  std::string exec;
  std::vector<HardwareAddress> hardware_addresses;
  std::vector<std::uint16_t> ports;  ///< TCP ports it listens on: proof of life.
  std::string code;                  ///< The enrolment code; empty but for the first time.

  friend bool operator==(const Hello&, const Hello&) = default;
};

/// The agent's answers to an order, in the order in which they may come.
enum class Step : std::uint8_t { receipt, accepted, refused, going, cancelled };

struct Progress {
  Step step = Step::receipt;
  OrderId order = 0;
  std::string why;  ///< refused: the reason.

  friend bool operator==(const Progress&, const Progress&) = default;
};

struct Goodbye {
  OrderId order = 0;
  std::string why;

  friend bool operator==(const Goodbye&, const Goodbye&) = default;
};

using FromAgent = std::variant<Hello, Progress, Goodbye>;

struct Welcome {
  std::string server;
  std::uint32_t heartbeat_ms = 0;
  std::string token;  ///< A new one, to be kept, after enrolment; else empty.

  friend bool operator==(const Welcome&, const Welcome&) = default;
};

struct OrderOffer {
  OrderId order = 0;
  Id boot{};
  std::uint64_t valid_for_ms = 0;
  bool force = false;
  std::string issuer;
  std::string reason;

  friend bool operator==(const OrderOffer&, const OrderOffer&) = default;
};

struct CancelOffer {
  OrderId order = 0;

  friend bool operator==(const CancelOffer&, const CancelOffer&) = default;
};

/// The server gives up on this agent; the connection ends after it.
struct Rejection {
  std::string why;

  friend bool operator==(const Rejection&, const Rejection&) = default;
};

using FromServer = std::variant<Welcome, OrderOffer, CancelOffer, Rejection>;

/// One whole message, a frame and nothing behind it, that the other side decodes. Texts that are
/// too long are cut at the end of a character, lists at their limit; bytes that are not UTF-8 are
/// sent escaped.
std::string encode(const FromAgent& message);
std::string encode(const FromServer& message);

/// Errors: malformed (also unknown flags, a missing order or port, bytes behind the last field),
/// too_large, not_utf8, wrong_version, unexpected (a type that this side never sends).
Result<FromAgent> decode_from_agent(std::string_view message);
Result<FromServer> decode_from_server(std::string_view message);

/// 16 and 32 hex digits, written in lower case, read in both; nullopt for anything else, and for
/// the order 0.
std::string to_text(OrderId order);
std::optional<OrderId> parse_order_id(std::string_view text);
std::string to_text(const Id& id);
/// Dashes, as in boot_id, are passed over.
std::optional<Id> parse_id(std::string_view text);
/// "aa:bb:cc:dd:ee:ff"; read in upper case too.
std::string to_text(const HardwareAddress& address);
std::optional<HardwareAddress> parse_hardware_address(std::string_view text);

}  // namespace netkit::shutdown
