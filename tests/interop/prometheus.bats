#!/usr/bin/env bats
# A real Prometheus and its promtool on the metrics of all servers. Never leaves loopback.

load support
load ../e2e/servers

# Where ./dev unpacks it.
PATH=$ROOT/build/prometheus/usr/bin:$PATH

@test "prometheus: promtool finds nothing to say about the metrics of any server" {
  local service
  for service in $SERVICES; do
    start_service "$service" --metrics 0
    talk_plainly "$service"
    wait_until 10 eval "fetch '$service' /metrics | grep -q '^netkit_events_total.*disconnect'"
    fetch "$service" /metrics >"$BATS_TEST_TMPDIR/page"
    run --separate-stderr promtool check metrics <"$BATS_TEST_TMPDIR/page"
    assert_status 0
    refute_output
    refute_stderr
  done
}

@test "prometheus: what promtool complains about fails" {
  run promtool check metrics <<<$'# TYPE a_total gauge\na_total 1'
  assert_status 3
}

# asked QUERY: what Prometheus says to that, as VALUE lines.
asked() {
  curl --silent --max-time 10 --noproxy '*' "http://127.0.0.1:$PEER_PORT/api/v1/query" \
    --data-urlencode "query=$1" | jq -r '.data.result[].value[1]'
}

# says QUERY VALUE: for wait_until.
says() { [[ $(asked "$1") == "$2" ]]; }

@test "prometheus: scrapes a server, finds it up, and counts what it did" {
  start_service echo --metrics 0
  local dir=$BATS_TEST_TMPDIR i
  for i in 1 2 3; do
    netkit -q echo send "$(endpoint_of 1 echo)" hello >/dev/null
  done
  cat >"$dir/prometheus.yml" <<TEXT
global: {scrape_interval: 500ms}
scrape_configs:
  - job_name: netkit
    static_configs: [{targets: ["$(metrics_at echo)"]}]
TEXT
  promtool check config "$dir/prometheus.yml"
  start_peer prometheus 'Listening on" address=127\.0\.0\.1:([0-9]+)' \
    prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" \
    --web.listen-address=127.0.0.1:0
  wait_until 30 says 'up{job="netkit"}' 1
  wait_until 10 says 'netkit_connections_accepted_total' 3
  wait_until 10 says 'netkit_events_total{event="disconnect",reason="closed"}' 3
  assert_equal "$(asked 'netkit_received_bytes_total')" 18
  assert_equal "$(asked 'histogram_quantile(0.99, netkit_connection_duration_seconds_bucket) > 0' |
    wc -l)" 1
  stop_server echo
  wait_until 30 says 'up{job="netkit"}' 0
}
