// How a folder's page looks: light and dark by the browser's wish; a table on wide screens, two
// lines an entry on narrow ones.
#include <string>

#include "cli/packed_text.hpp"
#include "cli/page_palette.hpp"
#include "commands/filesrv/folder_page_parts.hpp"

namespace netkit::filesrv {
namespace {

constexpr std::string_view own = R"css(
body { margin: 0; }
main { max-width: 64rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; display: grid; gap: 1rem;
  grid-template-columns: minmax(0, 1fr); }
h1, p, ul, ol { margin: 0; padding: 0; font: inherit; }
ul, ol { list-style: none; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
bdi { overflow-wrap: anywhere; unicode-bidi: isolate; }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere; }
small { color: var(--soft); font-size: .85em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: .8rem 1rem; color: var(--soft); }

nav { font-size: 1.15rem; }
nav ol { display: flex; flex-wrap: wrap; }
nav li { min-width: 0; padding: .1rem 0; }
nav li:not(:last-child)::after { content: "/"; color: var(--soft); margin: 0 .45rem; }
nav h1 { font-weight: 600; }

#list { display: grid; gap: .6rem; grid-template-columns: minmax(0, 1fr); }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center;
  justify-content: space-between; }
#summary { color: var(--soft); }
.button, button { font: inherit; font-weight: 500; color: inherit; background: var(--card);
  border: 1px solid var(--edge); border-radius: 6px; padding: .35rem .8rem; cursor: pointer;
  white-space: nowrap; }
.button:hover, button:hover { border-color: var(--text); text-decoration: none; }

table { width: 100%; border-collapse: separate; border-spacing: 0; table-layout: fixed;
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
th { text-align: left; font-size: .85rem; font-weight: 600; padding: 0; }
th a { color: var(--soft); display: block; padding: .5rem 1rem; }
th[aria-sort] a { color: var(--text); }
th[aria-sort=ascending] a::after { content: " \2191"; }
th[aria-sort=descending] a::after { content: " \2193"; }
th.size { width: 7.5rem; } th.time { width: 11rem; }
.size, th.size { text-align: right; }
td { border-top: 1px solid var(--line); padding: 0; vertical-align: top; }
td.size, td.time { padding: .5rem 1rem; color: var(--soft); white-space: nowrap;
  font-variant-numeric: tabular-nums; }
td.name > * { display: flex; gap: .6rem; padding: .5rem 1rem; align-items: baseline; }
td.name > span { color: var(--soft); flex-wrap: wrap; }
td.name > ::before { content: ""; flex: none; width: .9rem; height: .9rem; translate: 0 .1rem;
  background: var(--edge); clip-path: polygon(10% 0, 62% 0, 90% 28%, 90% 100%, 10% 100%); }
tr.folder td.name > ::before, tr.up td.name > ::before { background: var(--accent);
  clip-path: polygon(0 8%, 38% 8%, 50% 24%, 100% 24%, 100% 92%, 0 92%); }
tr.folder bdi { font-weight: 500; }
tbody tr:hover td { background: color-mix(in srgb, var(--accent) 5%, transparent); }
#drop { display: grid; place-items: center; gap: .6rem; padding: 1.2rem 1rem; cursor: pointer;
  border: 2px dashed var(--edge); border-radius: 10px; color: var(--soft); text-align: center;
  background: var(--card); }
#drop b { color: var(--accent); font-weight: 500; }
#drop.over { border-color: var(--accent); color: var(--text);
  background: color-mix(in srgb, var(--accent) 10%, var(--card)); }
#drop:focus-within { outline: 2px solid var(--accent); outline-offset: 2px; }
#files { position: absolute; opacity: 0; width: 1px; height: 1px; pointer-events: none; }
#sending:not(:empty) { display: grid; gap: .5rem; margin-top: .6rem; }
#sending li { display: grid; gap: .2rem .8rem; grid-template-columns: minmax(0, 1fr) auto;
  align-items: center; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: .5rem .8rem; }
#sending progress { grid-column: 1 / -1; width: 100%; height: .5rem; }
#sending span { color: var(--soft); }
#sending .failed span { color: var(--danger); }
#sending .done span { color: var(--good); }

@media (max-width: 40rem) {
  main { padding: .8rem .75rem 4rem; }
  table, tbody { display: block; }
  thead, thead tr { display: flex; }
  thead th { width: auto !important; }
  th a { padding: .6rem .9rem; }
  tbody tr { display: flex; flex-wrap: wrap; border-top: 1px solid var(--line); padding: .3rem 0; }
  td { border: 0; }
  td.name { flex: 1 0 100%; }
  td.name > * { padding: .35rem .9rem; }
  td.size, td.time { padding: 0 .9rem .3rem; font-size: .87rem; }
  td.size:empty { display: none; }
  td.size { padding-left: 2.4rem; } td.time { padding-left: 0; }
  td.size:empty + td.time { padding-left: 2.4rem; }
}
)css";
constexpr auto bytes = cli::packed<cli::packed_size(own)>(own);

}  // namespace

std::string_view folder_page_style() {
  static const std::string whole =
      std::string{cli::page_palette()}.append(cli::unpacked(cli::view_of(bytes)));
  return whole;
}

}  // namespace netkit::filesrv
