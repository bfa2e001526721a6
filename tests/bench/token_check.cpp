// How many token checks a second one core does once the tokens are known, and how many several
// threads do together. Usage: token_check [THREADS [TOKENS]]. Prints one JSON object a line.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "access/judge.hpp"
#include "identity/token.hpp"

using namespace netkit;

namespace {

constexpr std::size_t checks_per_thread = 2'000'000;

double measure(access::Judge& judge, const std::vector<std::string>& tokens, unsigned threads) {
  const access::Wish wish{
      .scope = "shutdown:order", .verb = {}, .path = {}, .address = "192.0.2.1"};
  std::vector<std::jthread> running;
  const auto start = std::chrono::steady_clock::now();
  for (unsigned t = 0; t < threads; ++t)
    running.emplace_back([&, t] {
      for (std::size_t i = 0; i < checks_per_thread; ++i) {
        const auto who =
            judge.judge(tokens[(i * 7 + t) % tokens.size()], wish, access::Moment::now());
        if (!who || !*who) std::abort();
      }
    });
  running.clear();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return static_cast<double>(checks_per_thread) * threads / took.count();
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned threads = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 2;
  const std::size_t count = argc > 2 ? static_cast<std::size_t>(std::atoi(argv[2])) : 10'000;
  if (threads == 0 || count == 0 || count > 80'000) {  // More would not all be remembered.
    std::fprintf(stderr, "token_check: 1 thread or more, 1 to 80000 tokens\n");
    return 2;
  }
  access::Judge judge{"bench", {}};
  judge.connected();
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < count; ++i) {
    tokens.push_back(identity::make_token());
    const std::string session = tokens.back().substr(3, 16);
    judge.grant(
        access::hash_of(tokens.back()),
        std::make_shared<const access::Grant>(access::Grant{.session = session,
                                                            .public_key = std::string(32, 'k'),
                                                            .expires_s = INT64_MAX,
                                                            .idle_limit_s = 3600,
                                                            .user = "somebody",
                                                            .scopes = {"echo", "shutdown"}}),
        access::Moment::now());
  }
  for (const unsigned each : {1u, threads})
    std::printf("{\"threads\":%u,\"tokens\":%zu,\"checks_per_s\":%.0f}\n", each, count,
                measure(judge, tokens, each));
  return 0;
}
