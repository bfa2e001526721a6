// Everything an outlet does happens on its connection's thread, in the order it was asked for.
#include "net/outlet.hpp"

#include <asio/post.hpp>
#include <utility>

#include "net/worker.hpp"

namespace netkit::net {

Outlet::Outlet(Connection& connection, std::size_t waiting_max)
    : worker_{connection.worker()}, waiting_max_{waiting_max}, connection_{&connection} {}

void Outlet::run(std::function<void(Connection&)> task) {
  asio::post(worker_.io(), [self = shared_from_this(), task = std::move(task)] {
    if (self->connection_) task(*self->connection_);
  });
}

void Outlet::post(std::string bytes) {
  run([bytes = std::move(bytes), waiting_max = waiting_max_](Connection& connection) {
    if (!connection.post(bytes, waiting_max)) connection.stream().abort();
  });
}

void Outlet::post(wire::WebSocketOp op, std::string_view body) {
  std::string bytes;
  wire::append_websocket(bytes, op, body);
  post(std::move(bytes));
}

void Outlet::close() {
  run([](Connection& connection) { connection.drain(); });
}

void Outlet::abort() {
  run([](Connection& connection) { connection.stream().abort(); });
}

}  // namespace netkit::net
