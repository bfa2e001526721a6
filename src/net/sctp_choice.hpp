// Which SCTP a process speaks: the kernel's, ours in user space, or what there is. Chosen by
// --sctp; whoever listens or connects on sctp:// is told.
#pragma once

namespace netkit::net {

/// The kernel's SCTP goes over IP itself and ours over UDP (RFC 6951), so that one does not reach
/// the other. Still any two `automatic` ends meet: who listens does so both ways where the kernel
/// has SCTP, and always by UDP; who connects tries the kernel's way, if there is one, and that by
/// UDP as soon as the first is refused or silent for attempt_delay. The first to answer is taken.
enum class SctpChoice { automatic, kernel, user };

}  // namespace netkit::net
