// SCTP of the kernel, where it has it: one-to-one sockets with the same settings as the user-space
// stack's, and messages over them. Uses the socket options of linux/sctp.h alone, no library.
#pragma once

#include <asio/ip/address.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "base/result.hpp"
#include "net/sctp_association.hpp"

namespace netkit::net {

/// Whether this machine's kernel speaks SCTP. Asked once a process; asking may load the module.
bool kernel_has_sctp();
/// What to say where it does not and nothing else will do.
Error no_kernel_sctp();

/// Whether `socket` is one of the kernel's SCTP.
bool is_kernel_sctp(int socket);

/// The address of ours that packets to the peer of `socket` leave from now; unspecified if there is
/// no way. A socket bound to all addresses does not tell.
asio::ip::address way_to_peer(int socket);

/// Listens at all `addresses`, which are one host's, on one port; 0 picks a free one.
Result<FileDescriptor> listen_kernel_sctp(const std::vector<asio::ip::address>& addresses,
                                          std::uint16_t port, const SctpSettings& settings);

/// Begins to associate with a host that has these addresses, and does not wait: the socket can be
/// written, or has an error (SO_ERROR), once that is over. At most count_max of SctpPaths are used.
Result<FileDescriptor> begin_kernel_sctp(const std::vector<asio::ip::address>& addresses,
                                         std::uint16_t port, const SctpSettings& settings);

/// The messages of one such socket. The kernel takes each as a whole, and none that is larger than
/// its send buffer, so what is written of one waits here for its end.
class SctpRecords {
 public:
  explicit SctpRecords(int socket);

  /// What may wait, and so the largest message; of a larger one as much goes as a message.
  std::size_t message_size_max() const { return message_size_max_; }
  /// As those of SctpAssociation.
  Attempt try_read(int socket, std::span<char> into);
  bool at_message_end() const { return at_message_end_; }
  Attempt try_write(int socket, std::string_view bytes, bool ends_message);

 private:
  std::size_t message_size_max_;
  std::string begun_;
  bool at_message_end_ = true;
};

}  // namespace netkit::net
