// The socket of a Redis connection: made within a limit, waited on within a limit. Only RedisLink
// uses it; speaks no protocol.
#pragma once

#include <chrono>

#include "base/file.hpp"
#include "base/result.hpp"
#include "store/redis_address.hpp"

namespace netkit::store {

/// A connected socket that does not block. Every address of the host is tried, each with its share
/// of the time. Looking up a name takes as long as the system lets it.
Result<FileDescriptor> connect_to_redis(const RedisAddress& address,
                                        std::chrono::steady_clock::time_point until, int wake);

/// Until one of poll(2)'s `events` is there; Errc::timed_out, or Errc::stopped as soon as `wake` is
/// readable (negative: none).
Status wait_until(int fd, int wake, short events, std::chrono::steady_clock::time_point until);

}  // namespace netkit::store
