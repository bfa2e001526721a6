// Numbers to letters.
#include "commands/filesrv/human.hpp"

#include <array>
#include <ctime>
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/transfer_bar.hpp"

namespace netkit::filesrv {

std::string mode_text(const transfer::Facts& facts) {
  constexpr std::string_view letters = "rwxrwxrwx";
  std::string text(1, "-dl?"[static_cast<std::size_t>(facts.kind)]);
  for (std::size_t i = 0; i < letters.size(); ++i)
    text += (facts.mode >> (letters.size() - 1 - i) & 1U) != 0 ? letters[i] : '-';
  return text;
}

std::string listing_line(const transfer::Facts& facts, std::string_view name) {
  const auto seconds = static_cast<std::time_t>(facts.mtime_ns / 1'000'000'000);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::array<char, 32> when{};
  std::strftime(when.data(), when.size(), "%Y-%m-%d %H:%M", &parts);
  const bool file = facts.kind == transfer::Kind::file;
  return fmt::format("{} {:>6} {} {}{}", mode_text(facts), file ? cli::size_text(facts.size) : "-",
                     when.data(), name, facts.kind == transfer::Kind::folder ? "/" : "");
}

Error told_of(std::string_view path, std::string_view verb, const Error& why) {
  const std::string name = path.empty() ? "the server's folder" : escape_for_display(path);
  return Error{why.code, std::string{verb} + " " + name, why.hint.str()};
}

}  // namespace netkit::filesrv
