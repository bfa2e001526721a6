// The table. Text is said to be UTF-8, which browsers would not assume.
#include "commands/filesrv/media_type.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"

namespace netkit::filesrv {
namespace {

struct Known {
  std::string_view suffix;
  std::string_view type;
};

constexpr std::string_view plain_text = "text/plain; charset=utf-8";

constexpr Known table[] = {
    {"7z", "application/x-7z-compressed"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"c", plain_text},
    {"conf", plain_text},
    {"cpp", plain_text},
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"deb", "application/vnd.debian.binary-package"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"h", plain_text},
    {"hpp", plain_text},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ini", plain_text},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"log", plain_text},
    {"m4a", "audio/mp4"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mkv", "video/matroska"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"py", plain_text},
    {"rtf", "application/rtf"},
    {"sh", plain_text},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tgz", "application/gzip"},
    {"toml", "application/toml"},
    {"ttf", "font/ttf"},
    {"txt", plain_text},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
};
static_assert(std::ranges::is_sorted(table, {}, &Known::suffix));

}  // namespace

std::string_view media_type(std::string_view name) {
  constexpr std::string_view unknown = "application/octet-stream";
  const std::size_t dot = name.rfind('.');
  if (dot == name.npos || dot == 0) return unknown;
  const std::string suffix = to_lower_ascii(name.substr(dot + 1));
  const auto found = std::ranges::lower_bound(table, std::string_view{suffix}, {}, &Known::suffix);
  return found != std::end(table) && found->suffix == suffix ? found->type : unknown;
}

}  // namespace netkit::filesrv
