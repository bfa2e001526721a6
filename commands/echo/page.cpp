// The echo page. Loads nothing from anywhere; its script talks to the address it came from.
#include "commands/echo/page.hpp"

namespace netkit::echo {

std::string_view page() {
  return R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>netkit echo</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 40rem; margin: 0 auto; padding: 1rem; }
  h1 { font-size: 1.25rem; }
  form { display: flex; gap: .5rem; }
  input { flex: 1; min-width: 0; font: inherit; padding: .4rem .6rem; }
  button { font: inherit; padding: .4rem 1rem; }
  table { width: 100%; border-collapse: collapse; margin-top: 1rem; table-layout: fixed; }
  th, td { text-align: left; padding: .3rem; border-bottom: 1px solid #8884;
           overflow-wrap: anywhere; vertical-align: top; }
  th:last-child, td:last-child { width: 6rem; text-align: right;
           font-variant-numeric: tabular-nums; }
</style>
<h1>netkit echo</h1>
<p id="state" role="status">Connecting…</p>
<form id="form">
  <input id="text" aria-label="Text to send" value="hello" autocomplete="off" autofocus>
  <button id="send" disabled>Send</button>
</form>
<table>
  <thead><tr><th>Answer</th><th>Round trip</th></tr></thead>
  <tbody id="answers" aria-live="polite"></tbody>
</table>
<script>
  const at = id => document.getElementById(id);
  const pending = [];
  let socket, wait = 500;
  function connect() {
    socket = new WebSocket(location.href.replace(/^http/, 'ws'));
    socket.onopen = () => {
      wait = 500;
      at('state').textContent = 'Connected to ' + location.host;
      at('send').disabled = false;
    };
    socket.onclose = () => {
      at('send').disabled = true;
      at('state').textContent = pending.length
        ? 'Connection lost, ' + pending.length + ' without an answer; trying again…'
        : 'Not connected; trying again…';
      pending.length = 0;
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, 10000);
    };
    socket.onmessage = event => {
      const row = at('answers').insertRow(0);
      row.insertCell().textContent = event.data;
      row.insertCell().textContent = (performance.now() - pending.shift()).toFixed(2) + ' ms';
      while (at('answers').rows.length > 50) at('answers').deleteRow(50);
    };
  }
  at('form').onsubmit = event => {
    event.preventDefault();
    if (socket.readyState !== 1) return;
    pending.push(performance.now());
    socket.send(at('text').value);
    at('text').select();
  };
  connect();
</script>
</html>
)html";
}

}  // namespace netkit::echo
