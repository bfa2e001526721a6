// What is looked at, in the order of what it costs.
#include "commands/presence/respondent.hpp"

#include "net/address.hpp"

namespace netkit::presence {

Respondent::Heard Respondent::hear(std::string_view datagram, const asio::ip::address& from,
                                   Time now) {
  const Result<Announcement> said = decode(datagram);
  if (!said || said->key == words_.key()) return {};
  if (said->kind == Kind::ask) {
    if (datagram.size() < ask_size_min) return {};
    if (!said->about.empty() && said->about != words_.key()) return {};
    if (!limit_.admits(net::plain(from), now) || !is_authentic(datagram)) return {};
    return {.answer = words_.say(Kind::answer, said->nonce, said->key),
            .asks_all = said->about.empty(),
            .passed = {}};
  }
  if (said->kind != Kind::answer) return {};
  const auto carried = carried_.find(said->nonce);
  if (carried == carried_.end() || carried->second.until <= now ||
      carried->second.about != said->key || carried->second.daemon_key != said->about)
    return {};
  if (!limit_.admits(net::plain(from), now) || !is_authentic(datagram)) return {};
  Heard heard;
  heard.passed = Asked{carried->second.request, std::string{datagram}};
  carried_.erase(carried);
  return heard;
}

bool Respondent::carry(const AskFor& ask, std::string_view daemon_key, Time now) {
  const Result<Announcement> question = decode(ask.question);
  if (!question || question->kind != Kind::ask || ask.question.size() < ask_size_min) return false;
  if (question->key != daemon_key || question->about.empty() || question->about == words_.key())
    return false;
  std::erase_if(carried_, [now](const auto& each) { return each.second.until <= now; });
  if (carried_.size() >= carried_max) return false;
  carried_[question->nonce] = {ask.request, question->key, question->about, now + carry_limit};
  return true;
}

}  // namespace netkit::presence
