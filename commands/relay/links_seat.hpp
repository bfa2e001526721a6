// What the two halves of links.hpp share: a place in the list of links, and the steps of an opening
// on a carrier.
#pragma once

#include "commands/relay/links.hpp"
#include "net/tls.hpp"

namespace netkit::relay {

struct Links::Seat {
  LinkView view;
  Link* link = nullptr;  // While it is up.
};

/// The mark of link_opening.hpp for this connection.
std::string link_mark(const net::Stream& stream, net::TlsSession::Side own_side);

/// The next frame; one that says why the peer refuses is Errc::refused with its words.
asio::awaitable<Result<wire::Frame>> next_or_refusal(LinkCarrier& carrier);

}  // namespace netkit::relay
