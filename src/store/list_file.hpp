// The system calls under AddressList: locking a file that may be replaced meanwhile, reading it
// whole, swapping two files. Only src/store/*.cpp include it. Knows nothing of lines.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <sys/stat.h>

#include "base/file.hpp"
#include "base/result.hpp"

namespace netkit::store {

/// True if `path` leads to the file that is open as `file`.
bool is_at(const std::string& path, const FileDescriptor& file);

/// The file that `path` leads to, which need not exist, by following symbolic links.
Result<std::string> target_of(const std::string& path);

/// Opens `path` with `flags` (mode 0644 where they create) and locks it (flock, exclusive), sure
/// that it is still the file of that name. Errc::busy after `until`; ENOENT passes through.
/// Errc::refused for what is no regular file.
Result<FileDescriptor> open_locked(const std::string& path, int flags,
                                   std::chrono::steady_clock::time_point until);

/// The whole of an open file from its start; Errc::too_large past 1 MiB.
Result<std::string> read_whole(const FileDescriptor& file, const std::string& path);

/// Creates `path` anew with these bytes, on disk when it returns. Owner and mode follow `like`;
/// 0644 and ourselves where that is null.
Status write_fresh(const std::string& path, std::string_view bytes, const struct stat* like);

/// Swaps two files (RENAME_EXCHANGE). ENOENT if one is missing, EINVAL where that is unknown.
Status swap_files(const std::string& left, const std::string& right);
/// Moves a file to a name that is free; EEXIST if it is not.
Status move_to_free_name(const std::string& from, const std::string& to);

Status sync_folder_of(const std::string& path);

}  // namespace netkit::store
