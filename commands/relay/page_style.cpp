// How the chat looks: light and dark by the browser's wish; three columns on a wide screen, one
// with two drawers on a narrow one.
#include <string>

#include "cli/packed_text.hpp"
#include "cli/page_palette.hpp"
#include "commands/relay/page_parts.hpp"

namespace netkit::relay {
namespace {

constexpr std::string_view own = R"css(
:root { --own: light-dark(#e3effb, #16293c); }
body { margin: 0; height: 100dvh; display: grid; overflow: hidden;
  grid: "head head head" auto "rooms main people" minmax(0, 1fr) / 14rem minmax(0, 1fr) 12rem; }
noscript { grid-area: main; padding: 2rem; }
h1, h2, p, ul, ol { margin: 0; padding: 0; }
h1 { font-size: 1.1rem; min-width: 0; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
h2 { font-size: .8rem; color: var(--soft); font-weight: 600; padding: .7rem .6rem .2rem; }
ul, ol { list-style: none; }
bdi { overflow-wrap: anywhere; unicode-bidi: isolate; }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere; }
.soft { color: var(--soft); font-weight: normal; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
#scroller:focus-visible { outline-offset: -2px; }
button, input, textarea { font: inherit; color: inherit; min-height: 2.3rem;
  border: 1px solid var(--edge); border-radius: 7px; background: var(--card);
  padding: .3rem .7rem; max-width: 100%; min-width: 0; }
button { cursor: pointer; font-weight: 500; white-space: nowrap; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--onfill); }
::placeholder { color: var(--soft); opacity: 1; }
.badge { background: var(--accent); color: var(--onfill); border-radius: 1em; font-size: .75rem;
  font-weight: 600; padding: 0 .45em; }

header { grid-area: head; display: flex; align-items: center; gap: .4rem 1rem; padding: .5rem .8rem;
  background: var(--card); border-bottom: 1px solid var(--line); }
header h1 { flex: 1; }
.drawer { display: none; }
#state { display: flex; align-items: center; gap: .5rem; min-width: 0; font-size: .87rem;
  color: var(--soft); overflow-wrap: anywhere; }
#state::before { content: ""; flex: none; width: .6rem; height: .6rem; border-radius: 50%;
  border: 2px solid var(--warn); }
#state[data-is=here]::before { background: var(--good); border-color: var(--good); }
#state[data-is=away] { color: var(--warn); }
#retry { flex: none; min-height: 1.6rem; padding: .05rem .5rem; color: var(--text); }

.side { overflow: auto; padding: .3rem; background: var(--card); overscroll-behavior: contain; }
#rooms-side { grid-area: rooms; border-right: 1px solid var(--line); display: flex;
  flex-direction: column; }
#people-side { grid-area: people; border-left: 1px solid var(--line); }
.side li { display: flex; align-items: center; border-radius: 7px; }
.side li:hover { background: var(--back); }
.side li:has([aria-current=true]) { background: var(--own); }
.side li > button { border: 0; background: none; display: flex; gap: .5rem; align-items: center;
  min-height: 2.1rem; padding: .2rem .6rem; }
.side li > button:first-child { flex: 1; text-align: start; font-weight: normal;
  white-space: normal; }
.side li > button:first-child bdi { flex: 1; }
.side li > [aria-current=true], .side li > .unread { font-weight: 650 !important; }
.side li > .leave { color: var(--soft); opacity: 0; padding: .2rem .5rem; }
.side li:hover > .leave, .leave:focus-visible { opacity: 1; }
@media (hover: none) { .side li > .leave { opacity: 1; } }
.side .away { color: var(--soft); font-style: italic; }
#join { display: flex; gap: .3rem; padding: .4rem .3rem; }
#join input { flex: 1; }
#self { margin-top: auto; padding: .8rem .6rem .4rem; display: flex; flex-wrap: wrap; gap: .4rem;
  align-items: center; justify-content: space-between; }
#self button { min-height: 1.9rem; padding: .1rem .6rem; }
#me { font-weight: 650; }

main { grid-area: main; display: flex; flex-direction: column; min-height: 0; position: relative; }
#scroller { flex: 1; overflow: auto; padding: .6rem .9rem; overscroll-behavior: contain;
  overflow-anchor: none; }
#older-row { text-align: center; }
.who { font-weight: 650; color: light-dark(oklch(.47 .14 var(--hue)), oklch(.8 .11 var(--hue))); }
.day { text-align: center; color: var(--soft); font-size: .8rem; padding: .9rem 0 .2rem; }
.note { color: var(--soft); font-size: .87rem; padding: .25rem 0; text-align: center;
  overflow-wrap: anywhere; white-space: pre-line; }
.note.lost { background: var(--lost); color: var(--text); border-radius: 7px; padding: .35rem .7rem;
  margin: .4rem 0; }
.note.told { text-align: start; border-inline-start: 3px solid var(--line);
  padding-inline-start: .7rem; }
.message { display: grid; justify-items: start; padding-top: .5rem; }
.message.more { padding-top: .15rem; }
.message.more .head { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
.head { display: flex; gap: .5rem; align-items: baseline; max-width: 100%; padding: 0 .2rem; }
.head time { color: var(--soft); font-size: .78rem; white-space: nowrap; }
.text { background: var(--card); border: 1px solid var(--line); border-radius: 4px 12px 12px 12px;
  padding: .35rem .7rem; max-width: min(100%, 46rem); white-space: pre-wrap;
  overflow-wrap: anywhere; unicode-bidi: plaintext; }
.own { justify-items: end; }
.own .text { background: var(--own); border-color: transparent;
  border-radius: 12px 4px 12px 12px; max-width: min(88%, 46rem); }
.mention .text { border-color: var(--accent); }
.waits .text { opacity: .6; }
.failed .text { border: 1px dashed var(--danger); opacity: 1; }
.fate { color: var(--soft); font-size: .78rem; padding: 0 .2rem; }
.failed .fate { color: var(--danger); }
a { color: var(--accent); }
#newer { position: absolute; bottom: 4.6rem; left: 50%; translate: -50%; border-radius: 2em;
  background: var(--accent); border-color: var(--accent); color: var(--onfill); }
#hint { color: var(--danger); padding: 0 .9rem; overflow-wrap: anywhere; }
#say { display: flex; gap: .5rem; align-items: flex-end; padding: .6rem .9rem .8rem;
  border-top: 1px solid var(--line); background: var(--card); }
#text { flex: 1; resize: none; max-height: 9rem; line-height: 1.4; padding: .45rem .7rem; }
#say button { min-height: 2.4rem; }

dialog { border: 1px solid var(--line); border-radius: 12px; background: var(--card);
  color: inherit; padding: 1.3rem; width: min(24rem, calc(100vw - 2rem)); }
dialog::backdrop { background: light-dark(#0006, #000a); }
#enter, #token-part { display: grid; gap: .5rem; }
#enter h2 { font-size: 1.15rem; color: inherit; padding: 0 0 .3rem; }
#enter label { font-weight: 500; }
#gate-said { color: var(--danger); overflow-wrap: anywhere; }

@media (max-width: 55rem) {
  body { grid: "head" auto "main" minmax(0, 1fr) / minmax(0, 1fr); }
  header { flex-wrap: wrap; gap: .2rem .5rem; padding: .4rem .5rem; }
  header h1 { text-align: center; font-size: 1rem; }
  #state { order: 9; width: 100%; font-size: .8rem; justify-content: center; }
  .drawer { display: block; }
  #rooms-side, #people-side { display: none; grid-area: main; z-index: 1; border: 0; }
  #rooms-side.open, #people-side.open { display: flex; flex-direction: column; }
  #scroller { padding: .4rem .6rem; }
  #say { padding: .5rem .6rem; }
}
)css";
constexpr auto bytes = cli::packed<cli::packed_size(own)>(own);

}  // namespace

std::string page_style() {
  return std::string{cli::page_palette()}.append(cli::unpacked(cli::view_of(bytes)));
}

}  // namespace netkit::relay
