// The pieces of the operator's page, put together by page.cpp only. The scripts run in this
// order in one scope: base (elements, times), link (the connection), hosts, orders (dialog, plan,
// history).
#pragma once

#include <string>

namespace netkit::shutdown {

std::string page_style();
std::string page_script_base();
std::string page_script_link();
std::string page_script_hosts();
std::string page_script_orders();

}  // namespace netkit::shutdown
