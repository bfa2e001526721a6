// The pieces of the chat's page, put together by page.cpp only. The scripts run in this order in
// one scope: base (elements, what is remembered, what was sent), rooms (lists of messages and of
// people), link (the connection), talk (what a person types).
#pragma once

#include <string>

namespace netkit::relay {

std::string page_style();
std::string page_script_base();
std::string page_script_rooms();
std::string page_script_link();
std::string page_script_talk();

}  // namespace netkit::relay
