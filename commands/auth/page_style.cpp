// How the page of the auth service looks: light and dark by the browser's wish, one column that
// fits 360 pixels.
#include <string>

#include "cli/packed_text.hpp"
#include "cli/page_palette.hpp"
#include "commands/auth/page_parts.hpp"

namespace netkit::auth {
namespace {

constexpr std::string_view own = R"css(
body { margin: 0 auto; max-width: 44rem; padding: 1rem; display: grid; gap: 1rem; }
h1, h2, p, ul { margin: 0; }
h1 { font-size: 1.15rem; } h2 { font-size: 1.05rem; }
main { display: grid; gap: 1rem; }
header { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: baseline;
  margin-bottom: 1rem; }
header #scopes { flex: 1; min-width: 8rem; }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere; }
bdi, li { overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1.1rem; display: grid; gap: .6rem; }
details.card { display: block; }
details form { margin-top: .8rem; }
summary { cursor: pointer; font-weight: 500; min-height: 1.6rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button, input { font: inherit; color: inherit; min-height: 2.4rem; border: 1px solid var(--edge);
  border-radius: 6px; background: var(--card); padding: .3rem .7rem; max-width: 100%; }
button { cursor: pointer; font-weight: 500; justify-self: start; }
button:disabled { cursor: default; color: var(--soft); border-color: var(--line); }
button.main:enabled { background: var(--accent); border-color: var(--accent);
  color: var(--onfill); }
button.danger:enabled { color: var(--danger); }
form { display: grid; gap: .5rem; }
form label { font-weight: 500; }
ul { list-style: none; padding: 0; display: grid; gap: .5rem; }
li { display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: center;
  border-top: 1px solid var(--line); padding-top: .5rem; }
li > div { flex: 1; min-width: 12rem; }
.said { min-height: 1.45em; color: var(--danger); overflow-wrap: anywhere; }
.said.good { color: inherit; }
)css";
constexpr auto bytes = cli::packed<cli::packed_size(own)>(own);

}  // namespace

std::string_view page_style() {
  static const std::string whole =
      std::string{cli::page_palette()}.append(cli::unpacked(cli::view_of(bytes)));
  return whole;
}

}  // namespace netkit::auth
