// Feeds a byte string through a decoder in pieces, for unit tests and fuzzers. Every call gets a
// fresh copy of the unread bytes, of exactly their size, so that a sanitizer sees each stray access
// and a decoder that keeps an address is found out. Holds the contract of Decoded for all decoders.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace netkit::tests {

/// What a decoder made of a stream.
struct Fed {
  std::vector<std::string> messages;
  std::error_code error;
  std::string left;  ///< Unread bytes at the end, as the decoder left them.

  friend bool operator==(const Fed&, const Fed&) = default;
};

/// Throws if a claim does not hold: a failed test under doctest, a crash under libFuzzer.
inline void demand(bool holds, const char* claim) {
  if (!holds) throw std::logic_error{claim};
}

/// Shows `bytes` to `decoder` in pieces of the sizes that `next_size` answers (0 counts as 1);
/// `show` turns a message into text while its views hold.
template <typename Decoder, typename Show>
Fed feed(Decoder& decoder, std::string_view bytes, const std::function<std::size_t()>& next_size,
         const Show& show) {
  Fed fed;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, std::max<std::size_t>(next_size(), 1));
    fed.left.append(piece);
    bytes.remove_prefix(piece.size());
    while (true) {
      std::vector<char> shown(fed.left.begin(), fed.left.end());
      const auto answer = decoder.next(std::span<char>{shown});
      if (!answer) {
        fed.error = answer.error().code;
        return fed;
      }
      demand(answer->used <= shown.size(), "used <= unread");
      demand(answer->used > 0 || !answer->message, "a message uses bytes");
      if (answer->message) fed.messages.push_back(show(*answer->message));
      if (answer->used == 0) {
        fed.left.assign(shown.begin(), shown.end());
        break;
      }
      fed.left.assign(shown.begin() + static_cast<std::ptrdiff_t>(answer->used), shown.end());
    }
  }
  return fed;
}

/// The same in pieces of `size` bytes each.
template <typename Decoder, typename Show>
Fed feed(Decoder&& decoder, std::string_view bytes, std::size_t size, const Show& show) {
  return feed(
      decoder, bytes, [size] { return size; }, show);
}

/// Piece sizes of 1..64 that follow from `seed` alone.
class Cuts {
 public:
  explicit Cuts(std::uint32_t seed) : state_{seed} {}
  std::size_t operator()() {
    state_ = state_ * 1664525 + 1013904223;
    return 1 + (state_ >> 26);
  }

 private:
  std::uint32_t state_;
};

/// Demands that one piece, single bytes and pieces cut by `seed` give the same; answers with that.
/// `left` is compared only where the stream was read to its end: after an error it is of no use.
template <typename Decoder, typename Show>
Fed feed_every_way(const Decoder& fresh, std::string_view bytes, std::uint32_t seed,
                   const Show& show) {
  const Fed whole = feed(Decoder{fresh}, bytes, bytes.size(), show);
  for (const Fed& other : {feed(Decoder{fresh}, bytes, 1, show), [&] {
                             Decoder decoder{fresh};
                             return feed(decoder, bytes, Cuts{seed}, show);
                           }()}) {
    demand(whole.messages == other.messages, "the cuts do not change the messages");
    demand(whole.error == other.error, "the cuts do not change the error");
    demand(whole.error || whole.left == other.left, "the cuts do not change what is left");
  }
  return whole;
}

}  // namespace netkit::tests
