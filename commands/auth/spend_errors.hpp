// Why a use of a ticket is not counted, in the same words by every vault. Only they include it.
#pragma once

#include "base/result.hpp"

namespace netkit::auth::spend_errors {

inline Error no_holder() {
  return {Errc::not_found, "count the use of a ticket", "its holder's session ended"};
}

inline Error too_many_of_session() {
  return {Errc::refused, "count the use of a ticket", "too many counted tickets of one session"};
}

inline Error too_many() {
  return {Errc::busy, "count the use of a ticket",
          "too many tickets are remembered as spent; try again later"};
}

}  // namespace netkit::auth::spend_errors
