// The page of the auth service: its markup, and the document as a whole. All text of users and of
// the server is put in by the script as text, never as HTML.
#include "commands/auth/page.hpp"

#include <string>

#include "commands/auth/page_parts.hpp"

namespace netkit::auth {
namespace {

constexpr std::string_view head = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>netkit auth</title>
<style>
)html";

constexpr std::string_view body = R"html(</style>
<p id="status" role="status" aria-live="polite">Connecting…</p>
<noscript><p class="card">This page needs JavaScript. Without it, use
  <code>netkit auth login</code>.</p></noscript>

<main id="outside" hidden>
  <form id="sign-in" class="card" aria-labelledby="sign-in-title">
    <h1 id="sign-in-title">Sign in to netkit</h1>
    <label for="user">User</label>
    <input id="user" autocomplete="username" autocapitalize="none" spellcheck="false" required>
    <label for="password">Password</label>
    <input id="password" type="password" autocomplete="current-password" required>
    <button class="main">Sign in</button>
    <p class="said" role="alert"></p>
  </form>
  <details class="card">
    <summary>No account? Register</summary>
    <form id="register">
      <label for="new-user">User</label>
      <input id="new-user" autocomplete="username" autocapitalize="none" spellcheck="false"
             maxlength="64" required>
      <label for="new-password">Password, at least 8 characters</label>
      <input id="new-password" type="password" autocomplete="new-password" minlength="8" required>
      <label for="new-again">The same again</label>
      <input id="new-again" type="password" autocomplete="new-password" required>
      <label for="code">Invitation code, if you were given one</label>
      <input id="code" autocomplete="off" autocapitalize="characters" spellcheck="false"
             placeholder="XXXX-XXXX-XXXX">
      <button>Register</button>
      <p class="said" role="alert"></p>
    </form>
  </details>
</main>

<div id="inside" hidden>
  <header>
    <h1><bdi id="who"></bdi></h1>
    <p id="scopes" class="soft"></p>
    <button id="sign-out">Sign out</button>
  </header>
  <main>
    <section class="card" aria-labelledby="sessions-title">
      <h2 id="sessions-title" tabindex="-1">Your sessions</h2>
      <ul id="sessions"></ul>
      <button id="end-others">End all others</button>
      <p id="sessions-said" class="said" role="alert"></p>
    </section>
    <details class="card">
      <summary>Change the password</summary>
      <form id="passwd">
        <input type="text" autocomplete="username" id="passwd-user" hidden>
        <label for="old">Old password</label>
        <input id="old" type="password" autocomplete="current-password" required>
        <label for="fresh">New password, at least 8 characters</label>
        <input id="fresh" type="password" autocomplete="new-password" minlength="8" required>
        <label for="fresh-again">The same again</label>
        <input id="fresh-again" type="password" autocomplete="new-password" required>
        <p class="soft">All your other sessions end.</p>
        <button class="main">Change it</button>
        <p class="said" role="alert"></p>
      </form>
    </details>
    <section id="users-card" class="card" aria-labelledby="users-title" hidden>
      <h2 id="users-title">Users</h2>
      <ul id="users"></ul>
      <button id="more-users" hidden>More</button>
      <button id="invite">Invite somebody</button>
      <p id="users-said" class="said" role="alert"></p>
    </section>
  </main>
</div>
<script>
)html";

constexpr std::string_view tail = R"html(</script>
</html>
)html";

}  // namespace

std::string_view page() {
  static const std::string whole =
      std::string{head}.append(page_style()).append(body).append(page_script()).append(tail);
  return whole;
}

}  // namespace netkit::auth
