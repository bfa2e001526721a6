// The markup, and the JSON.
#include "commands/filesrv/folder_page.hpp"

#include <array>
#include <chrono>
#include <fmt/format.h>
#include <iterator>

#include "base/json.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "commands/filesrv/folder_page_parts.hpp"
#include "identity/secret_base64.hpp"
#include "transfer/path.hpp"
#include "transfer/tree_hash.hpp"

namespace netkit::filesrv {
namespace {

using transfer::Kind;

constexpr std::string_view head = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
)html";

constexpr std::string_view upload_part = R"html(<section id="upload" aria-label="Upload" hidden>
<label id="drop"><input id="files" type="file" multiple>
<span><b>Choose files</b> or drop them here to upload</span></label>
<ul id="sending" aria-live="polite"></ul>
</section>
<noscript><p class="card">To upload: <code>curl -T FILE URL</code> with the address of this
page.</p></noscript>
)html";

std::string rfc3339(std::int64_t mtime_ns) {
  using std::chrono::system_clock;
  return to_rfc3339(system_clock::time_point{
      std::chrono::duration_cast<system_clock::duration>(std::chrono::nanoseconds{mtime_ns})});
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::file: return "file";
    case Kind::folder: return "folder";
    case Kind::link: return "link";
    case Kind::other: break;
  }
  return "other";
}

/// Relative to the folder. Its "./" keeps a colon in the name from being taken for a scheme.
std::string url_of(const Entry& entry) {
  return "./" + transfer::url_of_path(entry.name) + (entry.kind == Kind::folder ? "/" : "");
}

std::string shown(std::string_view name) {
  return escape_html(escape_for_display(name));
}

void append_crumbs(std::string& out, std::string_view path) {
  out += "<nav aria-label=\"Folder\"><ol>\n";
  const auto names = transfer::components(path);
  out += names.empty() ? "<li><h1>Files</h1></li>\n" : "<li><a href=\"/\">Files</a></li>\n";
  std::string folder;
  for (std::size_t i = 0; i < names.size(); ++i) {
    folder = transfer::join_path(folder, names[i]);
    if (i + 1 == names.size())
      out += fmt::format("<li><h1><bdi>{}</bdi></h1></li>\n", shown(names[i]));
    else
      out += fmt::format("<li><a href=\"/{}/\"><bdi>{}</bdi></a></li>\n",
                         escape_html(transfer::url_of_path(folder)), shown(names[i]));
  }
  out += "</ol></nav>\n";
}

/// A press turns the order that is shown, or begins with the one that people want of that key.
void append_heading(std::string& out, SortKey key, std::string_view title, Order order) {
  const bool current = order.key == key;
  const bool first_descending = key != SortKey::name;
  const bool next_descending = current ? !order.descending : first_descending;
  const std::string_view sorted = !current           ? ""
                                  : order.descending ? " aria-sort=\"descending\""
                                                     : " aria-sort=\"ascending\"";
  out += fmt::format(
      "<th scope=\"col\" class=\"{}\"{}><a href=\"?sort={}&amp;order={}\" data-key=\"{}\">{}</a>"
      "</th>\n",
      to_text(key), sorted, to_text(key), next_descending ? "desc" : "asc", to_text(key), title);
}

void append_row(std::string& out, const Entry& entry) {
  const std::string name = shown(entry.name) + (entry.kind == Kind::folder ? "/" : "");
  const auto to = std::back_inserter(out);
  const bool opens = entry.kind == Kind::file || entry.kind == Kind::folder;
  fmt::format_to(to, "<tr class=\"{}\" data-size=\"{}\"><td class=\"name\">", kind_name(entry.kind),
                 entry.size);
  if (opens)
    fmt::format_to(to, "<a href=\"{}\"><bdi>{}</bdi></a>", escape_html(url_of(entry)), name);
  else
    fmt::format_to(to, "<span><bdi>{}</bdi> <small>{}</small></span>", name,
                   entry.kind == Kind::link ? "link, not followed" : "no file");
  fmt::format_to(to, "</td><td class=\"size\">{}</td><td class=\"time\">",
                 entry.kind == Kind::file ? size_for_people(entry.size) : "");
  if (entry.mtime_ns != 0) {
    const std::string time = rfc3339(entry.mtime_ns);
    fmt::format_to(to, "<time datetime=\"{}\">{} {}</time>", time,
                   std::string_view{time}.substr(0, 10), std::string_view{time}.substr(11, 5));
  }
  out += "</td></tr>\n";
}

std::string summary(const Listing& listing) {
  std::uint64_t folders = 0;
  std::uint64_t files = 0;
  for (const Entry& entry : listing.entries) {
    if (entry.kind == Kind::folder) ++folders;
    if (entry.kind == Kind::file) ++files;
  }
  if (listing.left_out > 0)
    return fmt::format("The first {} of {} entries", listing.entries.size(),
                       listing.entries.size() + listing.left_out);
  if (listing.entries.empty()) return "Nothing here yet";
  const auto count = [](std::uint64_t number, std::string_view what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
  };
  std::string text = folders > 0 ? count(folders, "folder") : "";
  if (files > 0)
    text += fmt::format("{}{}, {}", text.empty() ? "" : ", ", count(files, "file"),
                        size_for_people(listing.size));
  return text;
}

void append_table(std::string& out, const FolderView& view) {
  out += fmt::format("<div id=\"list\"{}>\n<div class=\"tools\"><p id=\"summary\">{}</p>\n",
                     view.listing.left_out > 0 ? " data-cut" : "", summary(view.listing));
  if (view.has_tar) out += "<a class=\"button\" href=\"?tar\" download>Download .tar</a>\n";
  out += "</div>\n<table>\n<thead><tr>\n";
  append_heading(out, SortKey::name, "Name", view.order);
  append_heading(out, SortKey::size, "Size", view.order);
  append_heading(out, SortKey::time, "Changed", view.order);
  out += "</tr></thead>\n<tbody>\n";
  if (!view.path.empty())
    out += "<tr class=\"up\"><td class=\"name\" colspan=\"3\"><a href=\"../\">..</a></td></tr>\n";
  for (const Entry& entry : view.listing.entries)
    append_row(out, entry);
  out += "</tbody>\n</table>\n";
  if (view.listing.left_out > 0)
    out += fmt::format(
        "<p class=\"card\">{} more are not shown. Sort by another column to see "
        "others, or use <code>netkit filesrv ls</code>.</p>\n",
        view.listing.left_out);
  out += "</div>\n";
}

std::string source_of(std::string_view text) {
  const transfer::Hash hash = transfer::hash_of(text);
  return "'sha256-" + identity::to_base64(transfer::view_of(hash), identity::Base64::standard) +
         "='";
}

}  // namespace

std::string folder_page(const FolderView& view) {
  const std::string_view name = transfer::split_path(view.path).name;
  std::string out{head};
  out.reserve(16 * 1024 + view.listing.entries.size() * 300);
  out += fmt::format("<title>{}</title>\n<style>", view.path.empty() ? "Files" : shown(name));
  out += folder_page_style();
  out += "</style>\n<main>\n";
  append_crumbs(out, view.path);
  if (view.upload) out += upload_part;
  if (view.drop_box)
    out += "<p class=\"card\">Files can be left here; what is here is not shown.</p>\n";
  else
    append_table(out, view);
  out += "</main>\n<script>";
  out += folder_page_script();
  out += "</script>\n</html>\n";
  return out;
}

std::string folder_json(const FolderView& view) {
  std::string entries = "[";
  for (const Entry& entry : view.listing.entries) {
    JsonObject object;
    object.add("name", entry.name).add("kind", kind_name(entry.kind)).add("size", entry.size);
    object.add("mtime", rfc3339(entry.mtime_ns)).add("url", url_of(entry));
    if (entries.size() > 1) entries += ',';
    entries += object.str();
  }
  JsonObject whole;
  whole.add_raw("entries", entries + "]").add("left_out", view.listing.left_out);
  return whole.str() + "\n";
}

std::string_view folder_page_policy() {
  static const std::string policy =
      "default-src 'none'; style-src " + source_of(folder_page_style()) + "; script-src " +
      source_of(folder_page_script()) +
      "; connect-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'; "
      "base-uri 'none'";
  return policy;
}

std::string size_for_people(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array<std::string_view, 6> units = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  double value = static_cast<double>(bytes) / 1024;
  // What would be rounded to 1024 is one of the next unit.
  while (value >= 1023.5 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, value < 9.95 ? 1 : 0, units[unit]);
}

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char byte : text) {
    switch (byte) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += byte;
    }
  }
  return escaped;
}

}  // namespace netkit::filesrv
