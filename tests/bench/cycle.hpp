// The bytes of a load: a few different messages, repeated for ever. Built once, so that sending is
// one write from it and checking an answer is one comparison with it. For load.cpp only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace netkit::bench {

struct Cycle {
  std::string requests{};  ///< `count` requests, then `window` more of the same, so that any
                           ///< `window` consecutive ones lie in one piece.
  std::string replies{};   ///< The `count` replies that an echo server owes for them.
  std::size_t count = 0;
  std::size_t request_size = 0;
  std::size_t reply_size = 0;
};

/// Enough different messages that a reply to another connection or message is noticed, few enough
/// that they stay in the processor's cache.
inline std::size_t cycle_count(std::size_t message_size) {
  return message_size <= 1024 ? 61 : 5;
}

inline std::string random_bytes(std::size_t size, std::mt19937& random) {
  std::string bytes(size, '\0');
  for (char& byte : bytes)
    byte = static_cast<char>(random());
  return bytes;
}

inline void close_cycle(Cycle& cycle, std::size_t window) {
  cycle.request_size = cycle.requests.size() / cycle.count;
  cycle.reply_size = cycle.replies.size() / cycle.count;
  while (cycle.requests.size() < (cycle.count + window) * cycle.request_size)
    cycle.requests.append(std::string{cycle.requests, 0, cycle.count * cycle.request_size});
}

/// Bare bytes.
inline Cycle tcp_cycle(std::size_t message_size, std::size_t window) {
  std::mt19937 random{1};
  Cycle cycle{.count = cycle_count(message_size)};
  cycle.requests = random_bytes(message_size * cycle.count, random);
  cycle.replies = cycle.requests;
  close_cycle(cycle, window);
  return cycle;
}

/// The first byte, the mask bit (0x80 or 0) with the length, the extended length: RFC 6455, 5.2.
inline std::string ws_header(std::size_t payload_size, unsigned mask_bit, char first = '\x82') {
  std::string header{first};
  int extra = 0;
  if (payload_size < 126) {
    header.push_back(static_cast<char>(mask_bit | payload_size));
  } else {
    extra = payload_size < 65536 ? 2 : 8;
    header.push_back(static_cast<char>(mask_bit | (extra == 2 ? 126u : 127u)));
  }
  while (extra-- > 0)
    header.push_back(static_cast<char>(std::uint64_t{payload_size} >> 8 * extra));
  return header;
}

/// Binary messages of one frame each, masked with a random mask one way and bare the other.
inline Cycle ws_cycle(std::size_t message_size, std::size_t window) {
  std::mt19937 random{1};
  Cycle cycle{.count = cycle_count(message_size)};
  for (std::size_t i = 0; i < cycle.count; ++i) {
    std::string payload = random_bytes(message_size, random);
    cycle.replies += ws_header(message_size, 0) + payload;
    const std::string mask = random_bytes(4, random);
    for (std::size_t at = 0; at < payload.size(); ++at)
      payload[at] = static_cast<char>(payload[at] ^ mask[at % 4]);
    cycle.requests += ws_header(message_size, 0x80) + mask + payload;
  }
  close_cycle(cycle, window);
  return cycle;
}

/// Text messages, whose answers are `Echo: ` and the message, as shutdown-server answers.
inline Cycle ws_prefixed_cycle(std::size_t message_size, std::size_t window) {
  std::mt19937 random{1};
  Cycle cycle{.count = cycle_count(message_size)};
  for (std::size_t i = 0; i < cycle.count; ++i) {
    std::string payload = random_bytes(message_size, random);
    for (char& byte : payload)
      byte = static_cast<char>('a' + (byte & 15));
    const std::string reply = "Echo: " + payload;
    cycle.replies += ws_header(reply.size(), 0, '\x81') + reply;
    const std::string mask = random_bytes(4, random);
    for (std::size_t at = 0; at < payload.size(); ++at)
      payload[at] = static_cast<char>(payload[at] ^ mask[at % 4]);
    cycle.requests += ws_header(message_size, 0x80, '\x81') + mask + payload;
  }
  close_cycle(cycle, window);
  return cycle;
}

}  // namespace netkit::bench
