// Bytes that a peer sent and nobody has used yet. All reads go to memory that the connections of a
// thread share; a connection owns bytes only while a message is incomplete: none when idle.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace netkit::net {

class ReceiveBuffer {
 public:
  /// `shared` is where reads go while nothing is kept; at most `kept_size_max` bytes are kept.
  ReceiveBuffer(std::span<char> shared, std::size_t kept_size_max)
      : shared_{shared}, kept_size_max_{kept_size_max} {}

  /// Where the next bytes go, in the shared memory: never empty unless `kept_size_max` bytes wait
  /// already. Views into unread() end here.
  std::span<char> room();
  void add(std::size_t count);

  /// All bytes that were added and not consumed, in one piece.
  std::span<char> unread() {
    char* const from = kept_.empty() ? shared_.data() : kept_.data();
    return {from + begin_, end_ - begin_};
  }
  void consume(std::size_t count) { begin_ += count; }
  bool empty() const { return begin_ == end_; }
  /// True if `view` lies in what unread() gave out since the last keep().
  bool holds(std::string_view view) const;

  /// Moves what is unread out of the shared memory. To be called before any wait: another
  /// connection reads there meanwhile. Views into unread() end here.
  void keep();

 private:
  /// Where in shared_ the next read begins: behind the place of what is kept, if it may go back
  /// there and leaves room for a read that is worth it.
  std::size_t lead() const;
  void append(std::string_view bytes);

  std::span<char> shared_;
  std::size_t kept_size_max_;
  std::string kept_;       // Up to end_. Empty: the unread bytes lie in shared_.
  std::size_t begin_ = 0;  // Of what is unread, in kept_ or shared_.
  std::size_t end_ = 0;
};

}  // namespace netkit::net
