// Each text on each of its backgrounds has the contrast of WCAG 2.2, AA.
#include "cli/page_palette.hpp"

namespace netkit::cli {

std::string_view page_palette() {
  return R"css(
:root {
  color-scheme: light dark;
  --back: light-dark(#f4f6f8, #0f1317); --card: light-dark(#fff, #171c22);
  --text: light-dark(#1b2127, #e3e8ed); --soft: light-dark(#56616c, #9aa6b2);
  --line: light-dark(#d6dce2, #2b343d); --edge: light-dark(#8993a0, #66727e);
  --accent: light-dark(#0a5aa8, #74b5f6); --danger: light-dark(#b3261e, #f28b82);
  --good: light-dark(#17703a, #6cc48a); --warn: light-dark(#8a5a00, #e4b455);
  --onfill: light-dark(#fff, #10151a); --lost: light-dark(#fff3d6, #33270c);
  font: 15px/1.45 system-ui, sans-serif; background: var(--back); color: var(--text);
  accent-color: var(--accent);
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
)css";
}

}  // namespace netkit::cli
