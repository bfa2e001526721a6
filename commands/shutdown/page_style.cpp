// How the operator's page looks: light and dark by the browser's wish, a table on wide screens and
// cards on narrow ones. Colour never stands alone: each state has a word and a shape as well.
#include <string>

#include "cli/packed_text.hpp"
#include "cli/page_palette.hpp"
#include "commands/shutdown/page_parts.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::string_view own = R"css(
:root { --calm: light-dark(#4b5563, #aab4bf); }
body { margin: 0; scrollbar-gutter: stable; }
h1, h2, h3, p { margin: 0; }
h1 { font-size: 1.15rem; } h2 { font-size: 1.1rem; } h3 { font-size: 1rem; }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere; }
bdi, .words { overflow-wrap: anywhere; unicode-bidi: isolate; }
.whole { white-space: nowrap; }
.soft { color: var(--soft); font-weight: normal; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1.25rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

button, input, select, textarea { font: inherit; color: inherit; min-height: 2.25rem;
  border: 1px solid var(--edge); border-radius: 6px; background: var(--card);
  padding: .3rem .7rem; max-width: 100%; }
button { cursor: pointer; font-weight: 500; white-space: nowrap; }
button:hover:enabled { border-color: var(--text); }
button:disabled { cursor: default; color: var(--soft); border-color: var(--line);
  background: none; }
button.main:enabled { background: var(--accent); border-color: var(--accent);
  color: var(--onfill); }
button.danger:enabled { color: var(--danger); border-color: currentColor; }
tbody button.danger:enabled { border-color: var(--line); }
tbody button.danger:hover:enabled { border-color: currentColor; }
dialog button.danger:enabled { background: var(--danger); color: var(--onfill); }
input[type=checkbox] { width: 1.1rem; height: 1.1rem; min-height: 0; margin: 0;
  vertical-align: middle; }
textarea { width: 100%; font: .9rem/1.5 ui-monospace, monospace; resize: vertical; }
::placeholder { color: var(--soft); opacity: 1; }
form { display: grid; gap: .5rem; }
form label { font-weight: 500; }
label.check { font-weight: normal; display: flex; gap: .6rem; align-items: baseline; }
label.check input { flex: none; translate: 0 .15rem; }
fieldset { border: 0; margin: 0; padding: 0; display: grid; gap: .5rem; min-width: 0; }
.said { min-height: 1.45em; color: var(--danger); white-space: pre-line; overflow-wrap: anywhere; }
.buttons { display: flex; gap: .6rem; flex-wrap: wrap; justify-content: flex-end; }
#plan-form .buttons { justify-content: flex-start; }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .75rem; }
.pair > div { display: grid; gap: .35rem; grid-template-columns: minmax(0, 1fr);
  align-content: start; }
.joined { display: flex; gap: .35rem; }
.joined input { flex: 1; min-width: 0; } .joined select { flex: none; padding: .3rem; }

#sign-in { max-width: 26rem; margin: 12vh auto 0; display: grid; gap: 1rem; }
#app { max-width: 82rem; margin: 0 auto; padding: 0 1.25rem 5rem; }
header { display: flex; align-items: center; gap: .5rem 1rem; padding: .8rem 0 .6rem; }
#server { font-weight: 500; color: var(--soft); }
header h1 { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
header p { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 40%; }
#status { display: flex; align-items: center; gap: 1rem; min-height: 2.9rem;
  padding: .25rem .8rem; border: 1px solid var(--line); border-radius: 8px;
  background: var(--card); color: var(--soft); }
#status span { flex: 1; }
#status::before { content: ""; flex: none; width: .6rem; height: .6rem; border-radius: 50%;
  background: var(--good); }
.stale #status::before { background: none; border: 2px solid var(--warn); }
#status.lost { background: var(--lost); border-color: var(--warn); color: var(--text); }
nav { display: flex; gap: .25rem; margin: .8rem 0; border-bottom: 1px solid var(--line); }
nav a { padding: .5rem .9rem; color: var(--soft); text-decoration: none; font-weight: 500;
  border-bottom: 3px solid transparent; margin-bottom: -1px; border-radius: 4px 4px 0 0; }
nav a:hover { color: var(--text); }
nav a[aria-current] { color: var(--text); border-color: var(--accent); }
.mark { font-size: .75rem; font-weight: 500; border: 1px solid var(--line); color: var(--soft);
  border-radius: 4px; padding: 0 .35rem; white-space: nowrap; }
#plan-mark { margin-left: .45rem; visibility: hidden; color: var(--warn);
  border-color: currentColor; }
#plan-mark.on { visibility: visible; }

.looking .ordering, .looking #plan-form { display: none; }
#counts { display: grid; grid-template-columns: repeat(8, 1fr); gap: .5rem; }
#counts button { display: grid; justify-items: start; gap: .1rem; padding: .5rem .7rem;
  border-color: var(--line); min-width: 0; }
#counts b { font-size: 1.3rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
#counts .none b { color: var(--soft); font-weight: 400; }
#counts [aria-pressed=true] { border-color: var(--accent);
  box-shadow: inset 0 0 0 1px var(--accent); }
.tools { display: flex; gap: .6rem; margin: .9rem 0; }
.tools .grow { flex: 1; min-width: 0; }
.tools input { width: 100%; }
.tools button { font-variant-numeric: tabular-nums; }

table { width: 100%; border-collapse: separate; border-spacing: 0; table-layout: fixed;
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.c-pick { width: 2.9rem; } .c-host { width: 25%; } .c-state { width: 10.5rem; }
.c-seen { width: 7.5rem; } .c-do { width: 15rem; } .c-name { width: 20%; } .c-by { width: 12%; }
th { text-align: left; font-weight: 600; }
thead th { font-size: .85rem; color: var(--soft); padding: .35rem .7rem; }
thead button { border: 0; background: none; padding: .2rem 0; min-height: 0; font-weight: 600;
  font-size: inherit; }
[aria-sort] button::after { content: " \2191"; }
[aria-sort=descending] button::after { content: " \2193"; }
tbody th, tbody td { border-top: 1px solid var(--line); padding: .55rem .7rem;
  vertical-align: top; overflow-wrap: anywhere; }
tbody tr:hover { background: color-mix(in srgb, var(--accent) 5%, transparent); }
tbody .name { font-weight: 600; display: -webkit-box; -webkit-line-clamp: 2;
  -webkit-box-orient: vertical; overflow: hidden; }
.sub { font-size: .85rem; color: var(--soft); font-weight: normal; }
.sub .mark { margin-left: .35rem; }
.clip { display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical;
  overflow: hidden; }
.do { text-align: right; }
.do button { margin: 0 0 .2rem .4rem; }
time { font-variant-numeric: tabular-nums; white-space: nowrap; }
.empty { color: var(--soft); padding: 1.5rem; text-align: center; }
.empty:empty { display: none; }
section > button { margin: .8rem auto; display: block; }

.state { display: inline-flex; vertical-align: bottom; align-items: center; gap: .4rem;
  font-weight: 600; white-space: nowrap; color: var(--calm); }
.state svg { width: 1rem; height: 1rem; flex: none; fill: none; stroke: currentColor;
  stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
.state svg.full { fill: currentColor; }
.s-online, .s-done { color: var(--good); }
.s-ordered, .s-delivered, .s-accepted { color: var(--accent); }
.s-going, .s-running { color: var(--warn); }
.s-timeout, .s-refused, .s-failed { color: var(--danger); }
.s-offline, .s-waiting, .s-cancelled, .s-expired { color: var(--soft); }
.stale main .state { color: var(--soft); text-decoration: underline dashed;
  text-underline-offset: .25em; }

#at-plan:not([hidden]) { display: grid; gap: .9rem; grid-template-columns: minmax(0, 1fr); }
#plan-form { grid-template-columns: minmax(0, 1fr); }
#at-history h2 { margin-bottom: .7rem; }
#plan-now:empty, #plan-steps:empty { display: none; }
#plan-steps h3 { margin-bottom: .6rem; }
.stages { list-style: none; margin: .9rem 0 0; padding: 0; display: grid; gap: .8rem;
  grid-template-columns: minmax(0, 1fr); }
.stages li { min-width: 0; border-left: 3px solid var(--line); padding-left: .9rem; }
.stages li.running { border-color: var(--warn); } .stages li.done { border-color: var(--good); }
.line { display: flex; gap: .3rem 1rem; flex-wrap: wrap; align-items: center; min-width: 0; }
.line h3, .line h4 { margin: 0; font-size: 1rem; min-width: 0; }
progress { width: 100%; height: .5rem; margin: .4rem 0; }
.members { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
.members > span { display: inline-flex; gap: .4rem; min-width: 0; max-width: 100%; }
.members bdi, .facts bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }

dialog { width: min(30rem, calc(100vw - 1.5rem)); border: 1px solid var(--line);
  border-radius: 12px; padding: 1.25rem; background: var(--card); color: inherit;
  max-height: calc(100dvh - 1.5rem); overflow: auto; }
dialog::backdrop { background: #0008; }
dialog h2 { overflow-wrap: anywhere; max-height: 6.6em; overflow: auto; }
#confirm-facts { display: grid; gap: .35rem; color: var(--soft); overflow-wrap: anywhere; }
#typed-label { margin-top: .4rem; overflow-wrap: anywhere; max-height: 6em; overflow: auto; }
#typed-label bdi { font: 600 .95em ui-monospace, monospace; color: var(--text); }
.facts { display: flex; flex-wrap: wrap; gap: .2rem .8rem; max-height: 7rem; overflow: auto; }
#notices { position: fixed; right: 1rem; bottom: 1rem; width: min(26rem, calc(100vw - 2rem));
  display: grid; gap: .5rem; z-index: 1; }
.notice { display: flex; gap: .8rem; align-items: start; background: var(--card);
  border: 1px solid var(--edge); border-left: 4px solid var(--accent); border-radius: 8px;
  padding: .6rem .8rem; box-shadow: 0 4px 16px #0003; }
.notice.bad { border-left-color: var(--danger); }
.notice p { flex: 1; min-width: 0; max-height: 12rem; overflow: auto; white-space: pre-line;
  overflow-wrap: anywhere; }

@media (max-width: 60rem) {
  .c-seen { width: 6.4rem; } .c-do { width: 8.4rem; } .c-state { width: 9rem; }
  .tools { flex-wrap: wrap; } .tools .grow { flex: 1 0 100%; }
  #counts { grid-template-columns: repeat(4, 1fr); }
}
@media (max-width: 44rem) {
  #app { padding: 0 .75rem 5rem; }
  #sign-in { margin: 1rem .75rem; }
  #brand { display: none; }
  #status { min-height: 3.7rem; gap: .7rem; padding: .25rem .6rem; font-size: .9rem;
    line-height: 1.35; }
  #counts { gap: .35rem; } #counts button { padding: .35rem .45rem; }
  #counts button { position: relative; } #counts .state { font-size: .8rem; }
  #counts svg { position: absolute; top: .55rem; right: .45rem; }
  .tools > * { flex: 1 1 45%; } .tools > label { flex-basis: 100%; }
  .tools select { width: 100%; }
  table, tbody, tr, tbody th, tbody td { display: block; }
  table { background: none; border: 0; } thead, colgroup { display: none; }
  tbody { display: grid; gap: .6rem; }
  tbody tr { position: relative; background: var(--card); border: 1px solid var(--line);
    border-radius: 10px; padding: .65rem .8rem; display: flex; flex-direction: column; }
  tbody th { order: -1; }
  tbody th, tbody td { border: 0; padding: .1rem 0; }
  td[data-label] { display: flex; gap: .6rem; }
  td[data-label]::before { content: attr(data-label); flex: 0 0 5.2rem; color: var(--soft);
    font-size: .85rem; }
  td[data-label] > div { flex: 1; min-width: 0; }
  #rows th { padding-right: 2.2rem; }
  td.pick { position: absolute; top: .5rem; right: .5rem; padding: .35rem; }
  .do { text-align: left; } .do button { margin: .4rem .5rem 0 0; min-height: 2.6rem; }
  #at-history td:empty { display: none; }
}
@media (prefers-reduced-motion: no-preference) {
  .s-going svg, .s-running svg { animation: pulse 1.6s ease-in-out infinite; }
  .stale .state svg { animation: none; }
  @keyframes pulse { 50% { opacity: .35; } }
}
@media (forced-colors: active) {
  [aria-pressed=true], nav a[aria-current] { outline: 2px solid Highlight; }
}
)css";
constexpr auto bytes = cli::packed<cli::packed_size(own)>(own);

}  // namespace

std::string page_style() {
  return std::string{cli::page_palette()}.append(cli::unpacked(cli::view_of(bytes)));
}

}  // namespace netkit::shutdown
