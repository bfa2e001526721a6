// The pieces of the operator's page, put together by page.cpp only. The scripts run in this
// order in one scope: base (elements, times), link (the connection), hosts, orders (dialog, plan,
// history).
#pragma once

#include <string_view>

namespace netkit::shutdown {

std::string_view page_style();
std::string_view page_script_base();
std::string_view page_script_link();
std::string_view page_script_hosts();
std::string_view page_script_orders();

}  // namespace netkit::shutdown
