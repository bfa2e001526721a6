// What a folder's page does beyond links: sorts in place, tells times as they are here, uploads. It
// works without all of this.
#include <string>

#include "cli/packed_text.hpp"
#include "commands/filesrv/folder_page_parts.hpp"

namespace netkit::filesrv {
namespace {

constexpr std::string_view text = R"js(
'use strict';
const one = (selector) => document.querySelector(selector);
const two = (number) => String(number).padStart(2, '0');

function tellTimes() {
  for (const each of document.querySelectorAll('time')) {
    const at = new Date(each.dateTime);
    each.textContent = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ` +
      `${two(at.getHours())}:${two(at.getMinutes())}`;
    each.title = at.toString();
  }
}

const keys = {
  name: (row) => row.querySelector('bdi').textContent.toLowerCase(),
  size: (row) => Number(row.dataset.size),
  time: (row) => row.querySelector('time')?.dateTime ?? '',
};

function sortBy(key, descending) {
  const body = one('tbody');
  const rows = [...body.querySelectorAll('tr:not(.up)')].map((row) => ({
    row, folder: row.classList.contains('folder'), key: keys[key](row), name: keys.name(row),
  }));
  const compare = (left, right) => left < right ? -1 : left > right ? 1 : 0;
  rows.sort((left, right) => right.folder - left.folder ||
    compare(left.key, right.key) * (descending ? -1 : 1) || compare(left.name, right.name));
  body.append(...rows.map((each) => each.row));
  for (const head of document.querySelectorAll('th')) {
    const link = head.querySelector('a');
    const own = link.dataset.key === key;
    if (own) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
    const next = own ? !descending : link.dataset.key !== 'name';
    link.search = `?sort=${link.dataset.key}&order=${next ? 'desc' : 'asc'}`;
  }
}

// Not where entries were left out: which are shown depends on the order then.
document.addEventListener('click', (event) => {
  const link = event.target.closest('th a');
  if (!link || !one('#list') || 'cut' in one('#list').dataset) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const asked = new URLSearchParams(link.search);
  history.replaceState(null, '', link.search);
  sortBy(asked.get('sort'), asked.get('order') === 'desc');
});

async function refresh() {
  if (!one('#list')) return;
  const answer = await fetch(location.href, { cache: 'no-store' });
  if (!answer.ok) return;
  const read = new DOMParser().parseFromString(await answer.text(), 'text/html');
  one('#list').replaceWith(document.importNode(read.querySelector('#list'), true));
  tellTimes();
}

const waiting = [];
let busy = false;

function say(task, words, state) {
  task.said.textContent = words;
  task.line.className = state;
}

function put(task) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open('PUT', './' + encodeURIComponent(task.file.name));
    if (task.replace) request.setRequestHeader('Overwrite', 'T');
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      task.bar.max = event.total;
      task.bar.value = event.loaded;
      say(task, `${Math.floor(100 * event.loaded / Math.max(event.total, 1))} %`, '');
    };
    request.onload = () => {
      const good = request.status === 201 || request.status === 204;
      task.bar.hidden = true;
      if (good) say(task, 'uploaded', 'done');
      else if (request.status === 412) offerToReplace(task);
      else say(task, request.responseText.trim() || `failed (${request.status})`, 'failed');
      done();
    };
    request.onerror = () => {
      task.bar.hidden = true;
      say(task, 'the server could not be reached, or the file not be read', 'failed');
      done();
    };
    request.send(task.file);
  });
}

function offerToReplace(task) {
  say(task, 'is there already ', 'failed');
  const button = document.createElement('button');
  button.textContent = 'Replace';
  button.onclick = () => { task.replace = true; enqueue(task); };
  task.said.append(button);
}

function enqueue(task) {
  task.bar.hidden = false;
  task.bar.value = 0;
  say(task, 'waiting', '');
  waiting.push(task);
  if (!busy) work();
}

async function work() {
  busy = true;
  while (waiting.length) await put(waiting.shift());
  busy = false;
  await refresh();
}

function upload(files) {
  for (const file of files) {
    const task = { file, replace: false };
    task.line = document.createElement('li');
    const name = document.createElement('bdi');
    name.textContent = file.name;
    task.said = document.createElement('span');
    task.bar = document.createElement('progress');
    task.bar.setAttribute('aria-label', file.name);
    task.line.append(name, task.said, task.bar);
    one('#sending').append(task.line);
    enqueue(task);
  }
}

if (one('#upload')) {
  const drop = one('#drop');
  one('#upload').hidden = false;
  one('#files').onchange = (event) => { upload([...event.target.files]); event.target.value = ''; };
  addEventListener('dragover', (event) => { event.preventDefault(); drop.classList.add('over'); });
  addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) drop.classList.remove('over');
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    upload([...event.dataTransfer.files]);
  });
  addEventListener('beforeunload', (event) => { if (busy) event.preventDefault(); });
}
tellTimes();
)js";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

std::string_view folder_page_script() {
  static const std::string whole = cli::unpacked(cli::view_of(bytes));
  return whole;
}

}  // namespace netkit::filesrv
