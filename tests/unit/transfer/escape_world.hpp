// A shared folder full of ways out, beside a folder that nobody may reach through it.
#pragma once

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include "base/file.hpp"
#include "support/temporary_folder.hpp"
#include "transfer/root.hpp"

namespace netkit::transfer {

inline constexpr std::array ways{Root::Way::openat2, Root::Way::walk};

inline std::string name_of(Root::Way way) {
  return way == Root::Way::walk ? "walk" : way == Root::Way::openat2 ? "openat2" : "automatic";
}

/// All that is in an open file.
inline std::string content_of(const OpenFile& opened) {
  std::string bytes(4096, '\0');
  const ssize_t got = ::pread(opened.file.get(), bytes.data(), bytes.size(), 0);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

/// Root reads everything, so what is closed is tried as somebody else.
class AsNobody {
 public:
  AsNobody() : changed_{::geteuid() == 0 && ::seteuid(65'534) == 0} {}
  ~AsNobody() {
    if (changed_) REQUIRE(::seteuid(0) == 0);
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;

 private:
  bool changed_;
};

/// shared/ is what a Root is opened on; outside/ lies beside it.
class EscapeWorld {
 public:
  EscapeWorld() {
    namespace fs = std::filesystem;
    fs::create_directories(shared("sub/deep"));
    fs::create_directories(outside("folder"));
    support::put_bytes(shared("inside"), "inside");
    support::put_bytes(shared("sub/name"), "inside");
    support::put_bytes(outside("secret"), "OUTSIDE");
    support::put_bytes(outside("name"), "OUTSIDE");
    support::put_bytes(outside("folder/name"), "OUTSIDE");
    held_.reset(::open(outside("").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    link("../outside", "out");
    link("../outside/secret", "out_file");
    link(outside(""), "out_absolute");
    link(outside("secret"), "out_file_absolute");
    link("/", "slash");
    link("..", "up");
    link(".", "here");
    link("sub", "in");
    link("inside", "in_file");
    link("nowhere", "dangling");
    link("../outside/new", "dangling_out");
    link("loop", "loop");
    link("out", "chain");
    // To the machine's own root, wherever the test runs.
    link("/proc/self/cwd/../../../../../../../../../../../../../../../..", "magic_cwd");
    link("/proc/self/root", "magic_root");
    link("/proc/self/exe", "magic_exe");
    link("/proc/self/fd/" + std::to_string(held_.get()), "magic_folder");
    link("../../outside", "sub/out");
    REQUIRE(::mkfifo(shared("fifo").c_str(), 0600) == 0);
    bind_socket();
    has_device_ = ::mknod(shared("device").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0;
    before_ = everything_outside();
  }

  std::string shared(std::string_view path) const {
    return folder_ / "shared/" + std::string{path};
  }
  std::string outside(std::string_view path) const {
    return folder_ / "outside/" + std::string{path};
  }
  void link(const std::string& target, const std::string& at) const {
    REQUIRE(::symlink(target.c_str(), shared(at).c_str()) == 0);
  }

  Root root(Root::Way way) const {
    auto opened = Root::open(shared(""), way);
    REQUIRE(opened);
    REQUIRE(opened->way() == way);
    return std::move(*opened);
  }

  /// Only root may make devices.
  bool has_device() const { return has_device_; }
  bool is_outside_untouched() const { return everything_outside() == before_; }

 private:
  std::vector<std::string> everything_outside() const {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{outside("")}) {
      const std::string path = entry.path().string();
      all.push_back(path + " " + (entry.is_regular_file() ? support::bytes_of(path) : ""));
    }
    std::ranges::sort(all);
    return all;
  }

  void bind_socket() {
    socket_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    shared("socket").copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
            0);
    REQUIRE(::listen(socket_.get(), 1) == 0);
  }

  support::TemporaryFolder folder_;
  FileDescriptor held_;
  FileDescriptor socket_;
  bool has_device_ = false;
  std::vector<std::string> before_;
};

}  // namespace netkit::transfer
