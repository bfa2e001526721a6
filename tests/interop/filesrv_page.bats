#!/usr/bin/env bats
# A folder's page of the file server in Chromium, driven by playwright-core: sorting with and
# without script, uploads, hostile names, phones. Nothing beyond loopback is reached.

load support

setup() {
  private_home
  cd "$BATS_TEST_TMPDIR"
  mkdir -p served/docs chosen
  printf '<title>quiet</title><script>document.title = "ran"</script>' >served/docs/page.html
  head -c 200000 /dev/zero >served/large
  head -c 1500 /dev/zero >served/middle.txt
  printf s >served/small
  touch -d '2024-01-01 12:00 UTC' served/middle.txt
  touch -d '2024-01-02 12:00 UTC' served/large
  touch -d '2024-01-03 12:00 UTC' served/small
}

# page_holds CASE: that case of files_page.js, against a server of the folder `served`.
page_holds() {
  local modules=$ROOT/build/playwright/node_modules
  start_server filesrv filesrv serve served --upload --listen tcp://127.0.0.1:0 --state files
  command -v chromium >/dev/null || fail "chromium is not installed"
  [[ -d $modules/playwright-core ]] || fail "playwright-core is missing: ./dev test interop gets it"
  run --separate-stderr env NODE_PATH="$modules" timeout -k 5 100 \
    node "$ROOT/tests/support/files_page.js" "$1" "http://127.0.0.1:$(port_of)/" "$PWD/chosen"
  assert_status 0
  stop_server filesrv
  ! grep -E 'ERROR: |runtime error|WARNING: Thread' filesrv.err
}

@test "filesrv page: headings sort in place, and the address remembers it" {
  page_holds sorts_in_place
}

@test "filesrv page: without script the same headings are links" {
  page_holds sorts_without_script
}

@test "filesrv page: chosen files are uploaded and stand in the list" {
  page_holds uploads_by_choosing
}

@test "filesrv page: a file that is there is replaced only when told so" {
  page_holds replaces_only_when_told
}

@test "filesrv page: dropped files go into the folder that is shown" {
  page_holds uploads_by_dropping
}

@test "filesrv page: a file that is a page itself runs nothing, in an origin of its own" {
  page_holds files_are_no_pages_of_ours
}

@test "filesrv page: hostile names are text" {
  printf x >served/'<img src=x onerror=window.pwned=1>'
  printf js >served/'javascript:window.pwned=1.txt'
  printf x >served/$'line\nfeed\xff'
  page_holds hostile_names_are_text
}

@test "filesrv page: fits a phone and a desk, by day and by night" {
  mkdir -p served/'a folder with quite a long name that has to be broken somewhere'
  printf x >served/"$(printf 'unbroken%.0s' {1..20}).tar.gz"
  printf x >served/'übersicht 2026 – Entwurf (2).pdf'
  ln -s small served/link
  head -c 3000000 /dev/zero >served/'photo 0001.jpeg'
  page_holds looks
  if [[ -d $ROOT/build/test ]]; then cp chosen/files-*.png "$ROOT/build/test/"; fi
}
