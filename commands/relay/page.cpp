// The chat's page: its markup, and the document as a whole. All that comes from people and from the
// relay is put in by the script as text, never as HTML.
#include "commands/relay/page.hpp"

#include <string>

#include "commands/relay/page_parts.hpp"

namespace netkit::relay {
namespace {

constexpr std::string_view head = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport"
      content="width=device-width, initial-scale=1, interactive-widget=resizes-content">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>netkit chat</title>
<style>
)html";

constexpr std::string_view body = R"html(</style>
<noscript><p>This page needs JavaScript. Without it, use <code>netkit chat</code>.</p></noscript>
<header>
  <button id="show-rooms" class="drawer" aria-expanded="false" aria-controls="rooms-side">Rooms
    <span id="unread-all" class="badge" hidden></span></button>
  <h1><bdi id="title"></bdi></h1>
  <p id="state" data-is="away"><span id="state-text" role="status">Connecting…</span>
    <button id="retry" hidden>Try now</button></p>
  <button id="show-people" class="drawer" aria-expanded="false"
          aria-controls="people-side">People</button>
</header>
<nav id="rooms-side" class="side" aria-label="Rooms">
  <h2>Rooms</h2>
  <ul id="rooms"></ul>
  <form id="join">
    <label for="join-room" class="unseen">Room to join</label>
    <input id="join-room" placeholder="Join a room" maxlength="32" autocomplete="off"
           autocapitalize="none" spellcheck="false" enterkeyhint="go">
    <button>Join</button>
  </form>
  <h2 id="directs-title" hidden>Direct messages</h2>
  <ul id="directs"></ul>
  <h2 id="others-title" hidden>Other rooms</h2>
  <ul id="others"></ul>
  <p id="self"><span>You are <bdi id="me"></bdi></span> <button id="rename">Change</button></p>
</nav>
<main>
  <div id="scroller" tabindex="0" role="region" aria-label="Messages">
    <p id="older-row"><button id="older" hidden>Show older messages</button></p>
    <div id="lists"></div>
  </div>
  <button id="newer" hidden>New messages ↓</button>
  <p id="hint" role="alert"></p>
  <form id="say">
    <label for="text" class="unseen">Message</label>
    <textarea id="text" rows="1" enterkeyhint="send" aria-describedby="keys"></textarea>
    <button class="main">Send</button>
    <p id="keys" class="unseen">Enter sends, Shift+Enter begins a line, Alt with up and down changes
      the room, Escape comes back here, /help lists the commands.</p>
  </form>
</main>
<aside id="people-side" class="side" aria-label="People in this room">
  <h2>People <span id="people-count" class="soft"></span></h2>
  <ul id="people"></ul>
</aside>
<dialog id="gate" aria-labelledby="gate-title">
  <form id="enter">
    <h2 id="gate-title">Come in</h2>
    <label for="nick">Your nick</label>
    <input id="nick" maxlength="32" autocomplete="nickname" autocapitalize="none"
           spellcheck="false" required>
    <div id="token-part" hidden>
      <label for="token">Token</label>
      <input id="token" type="password" autocomplete="off" spellcheck="false">
      <p class="soft">This relay asks for one: <code>netkit auth login --print-token</code>.</p>
    </div>
    <p id="gate-said" role="alert"></p>
    <button class="main" id="gate-go">Chat</button>
  </form>
</dialog>
<script>
)html";

constexpr std::string_view tail = R"html(</script>
</html>
)html";

}  // namespace

std::string_view page() {
  static const std::string whole = std::string{head}
                                       .append(page_style())
                                       .append(body)
                                       .append(page_script_base())
                                       .append(page_script_rooms())
                                       .append(page_script_link())
                                       .append(page_script_talk())
                                       .append(tail);
  return whole;
}

}  // namespace netkit::relay
