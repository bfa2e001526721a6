// The operator's page: its markup, and the document as a whole. All text of hosts and of the server
// is put in by the script as text, never as HTML.
#include "commands/shutdown/page.hpp"

#include <string>

#include "commands/shutdown/page_parts.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::string_view head = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>netkit shutdown</title>
<style>
)html";

constexpr std::string_view frame = R"html(</style>
<p id="announce" class="unseen" role="status" aria-live="polite"></p>
<noscript><p class="card">This page needs JavaScript. Without it, use
  <code>netkit shutdown-server list</code> and <code>order</code>.</p></noscript>

<main id="sign-in" class="card" hidden>
  <h1>netkit shutdown</h1>
  <p>Sign in to see and turn off the hosts of <b id="sign-in-host"></b>.</p>
  <form id="sign-in-form">
    <label for="token">Token</label>
    <input id="token" type="password" autocomplete="off" spellcheck="false" placeholder="nk_…"
           aria-describedby="sign-in-said sign-in-help">
    <button class="main">Sign in</button>
    <p id="sign-in-said" class="said" role="alert"></p>
  </form>
  <p id="sign-in-help" class="soft">No token? On the server's machine,
    <code>netkit shutdown-server enrol <span class="whole">--operator NAME</span></code> prints
    one, or <code>netkit auth login --print-token</code> where an auth service is asked.
    It is kept in this tab alone, until you sign out or close it.</p>
</main>

<div id="app" hidden>
  <header>
    <h1><span id="brand">netkit shutdown</span> <span id="server"></span></h1>
    <p id="user" class="soft"></p>
    <button id="sign-out">Sign out</button>
  </header>
  <div id="status" tabindex="-1"><span id="status-text"></span>
    <button id="try-now" hidden>Try now</button></div>
  <nav aria-label="Views">
    <a href="#hosts">Hosts</a>
    <a href="#history">History</a>
    <a href="#plan">Plan<span id="plan-mark" class="mark">running</span></a>
  </nav>
  <main>
)html";

constexpr std::string_view views = R"html(
  <section id="at-hosts" aria-labelledby="hosts-title" hidden>
    <h2 id="hosts-title" class="unseen">Hosts</h2>
    <div id="counts" role="group" aria-label="Hosts by state; press one to show only those"></div>
    <div class="tools">
      <label class="grow"><span class="unseen">Filter</span>
        <input id="filter" type="search" placeholder="Filter by name, address, state…"
               autocomplete="off" spellcheck="false"></label>
      <label><span class="unseen">Sort by</span><select id="sort">
        <option value="name">Name A to Z</option><option value="-name">Name Z to A</option>
        <option value="state">State, most urgent first</option>
        <option value="-state">State, most urgent last</option></select></label>
      <button id="order-selected" class="ordering" disabled>Turn off selected (0)…</button>
      <button id="order-all" class="ordering" disabled>Turn off all (0)…</button>
    </div>
    <table role="table" aria-label="Hosts">
      <colgroup><col class="c-pick"><col class="c-host"><col class="c-state"><col class="c-seen">
        <col><col class="c-do"></colgroup>
      <thead role="rowgroup"><tr role="row">
        <th role="columnheader" class="pick"><input id="pick-all" class="ordering" type="checkbox"
          aria-label="Select all hosts that are shown"></th>
        <th role="columnheader" id="by-name"><button data-sort="name">Host</button></th>
        <th role="columnheader" id="by-state"><button data-sort="state">State</button></th>
        <th role="columnheader">Last seen</th><th role="columnheader">Last order</th>
        <th role="columnheader"><span class="unseen">Actions</span></th></tr></thead>
      <tbody role="rowgroup" id="rows"></tbody>
    </table>
    <p id="no-rows" class="empty"></p>
    <button id="more-rows" hidden></button>
  </section>

  <section id="at-plan" aria-labelledby="plan-title" hidden>
    <h2 id="plan-title">Plan</h2>
    <div id="plan-now"></div>
    <form id="plan-form" class="card ordering">
      <h3>Start a plan</h3>
      <label for="plan-text">Text of the plan</label>
      <textarea id="plan-text" rows="9" spellcheck="false" autocomplete="off"
                placeholder="stage clients
  web1 web2
  wait down<=60s
stage storage
  nas1"></textarea>
      <label for="plan-reason">Reason, shown to everybody</label>
      <input id="plan-reason" autocomplete="off" maxlength="500">
      <label class="check"><input id="plan-force" type="checkbox"> Force: programs on a host that
        hold back a shutdown are not asked; its hooks still run</label>
      <div class="buttons"><button id="plan-check" class="main">Dry run</button>
        <button id="plan-start" type="button" class="danger" disabled>Start plan…</button></div>
      <p class="soft">A dry run comes first: it shows each step and orders nothing.</p>
      <p id="plan-said" class="said" role="alert"></p>
    </form>
    <div id="plan-steps"></div>
  </section>

  <section id="at-history" aria-labelledby="history-title" hidden>
    <h2 id="history-title">Orders, newest first</h2>
    <table role="table" aria-labelledby="history-title">
      <colgroup><col class="c-state"><col class="c-name"><col><col class="c-by"><col class="c-seen">
        <col class="c-seen"></colgroup>
      <thead role="rowgroup"><tr role="row">
        <th role="columnheader">State</th><th role="columnheader">Host</th>
        <th role="columnheader">Why and reason</th><th role="columnheader">By</th>
        <th role="columnheader">Ordered</th><th role="columnheader">Changed</th></tr></thead>
      <tbody role="rowgroup" id="orders"></tbody>
    </table>
    <p id="no-orders" class="empty"></p>
    <button id="more-orders" hidden>Show older orders</button>
  </section>
  </main>
</div>

<dialog id="confirm" aria-labelledby="confirm-title">
  <form id="confirm-form" method="dialog">
    <h2 id="confirm-title"></h2>
    <div id="confirm-facts"></div>
    <fieldset id="confirm-options"><legend class="unseen">The order</legend>
      <label for="reason">Reason, shown to everybody</label>
      <input id="reason" autocomplete="off" maxlength="500">
      <div class="pair">
        <div><label for="delay">Delay</label><div class="joined">
          <input id="delay" type="number" min="0" max="9999" step="1" value="0" required>
          <select id="delay-unit" aria-label="Unit of the delay"><option value="1">s</option>
            <option value="60">min</option><option value="3600">h</option></select></div></div>
        <div><label for="expire">Valid for</label><select id="expire">
          <option value="600">10 minutes</option><option value="3600" selected>1 hour</option>
          <option value="86400">1 day</option><option value="604800">7 days</option></select></div>
      </div>
      <label class="check"><input id="force" type="checkbox"> Force: programs on the host that hold
        back a shutdown are not asked; its hooks still run</label>
    </fieldset>
    <label for="typed" id="typed-label"></label>
    <input id="typed" autocomplete="off" autocapitalize="off" spellcheck="false">
    <p id="confirm-said" class="said" role="alert"></p>
    <div class="buttons"><button type="button" id="confirm-leave">Leave it</button>
      <button id="confirm-go" class="danger" disabled></button></div>
  </form>
</dialog>
<div id="notices" role="region" aria-label="Messages"></div>
<script>
'use strict';
)html";

constexpr std::string_view tail = R"html(
</script>
</html>
)html";

std::string whole() {
  return std::string{head}
      .append(page_style())
      .append(frame)
      .append(views)
      .append(page_script_base())
      .append(page_script_link())
      .append(page_script_hosts())
      .append(page_script_orders())
      .append(tail);
}

}  // namespace

std::string_view page() {
  static const std::string document = whole();
  return document;
}

}  // namespace netkit::shutdown
