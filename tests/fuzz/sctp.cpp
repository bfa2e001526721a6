// Fuzzes what looks at SCTP packets before usrsctp does. Input: a datagram.
#include "net/sctp_packet.hpp"
#include "tests/support/feed.hpp"

using namespace netkit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<char> exact(data, data + size);
  const std::string_view packet{exact.data(), exact.size()};
  const auto head = net::read_sctp_head(packet);
  const auto probe = net::read_path_probe(packet);
  tests::demand(!net::has_good_checksum(packet) || size >= 12, "a checksum has its place");
  if (head) tests::demand((head->tag == 0) == (head->chunk == net::SctpChunk::init), "tags");
  if (!head || !probe) return 0;
  const auto again = net::read_path_probe(net::make_path_probe(*head, *probe));
  tests::demand(again == probe, "a probe reads back");
  return 0;
}
