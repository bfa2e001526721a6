// Tests of Prometheus' text format, written and read.
#include "wire/exposition.hpp"

#include <cmath>
#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::wire;

namespace {

bool is_refused(std::string_view text) {
  const auto sample = take_sample(text);
  return !sample && sample.error().code == Errc::malformed;
}

}  // namespace

TEST_CASE("append_metric, append_sample: the lines of a metric") {
  std::string out;
  append_metric(out, "x_total", "counter", "How many x.");
  append_sample(out, "x_total", {}, 3);
  append_sample(out, "x_total", {{"kind", "a"}, {"why", ""}}, 1e7);
  append_sample(out, "x_total", {{"kind", "say \"hi\"\\\n"}}, 0.25);
  CHECK(out ==
        "# HELP x_total How many x.\n# TYPE x_total counter\nx_total 3\n"
        "x_total{kind=\"a\",why=\"\"} 10000000\nx_total{kind=\"say \\\"hi\\\"\\\\\\n\"} 0.25\n");
}

TEST_CASE("take_sample: passes comments over and reads names, labels and numbers") {
  std::string_view text =
      "# HELP a b\n\n  # note\r\na 1\r\n"
      "b:c{x=\"1\", y = \"no\"} 2\n";
  auto sample = take_sample(text);
  REQUIRE((sample && *sample));
  CHECK((*sample)->name == "a");
  CHECK((*sample)->value == 1);
  CHECK(is_refused(text));

  text = "b:c{x=\"1\",y=\"\\\\ \\\" \\n\",}\t-2.5e+03 1700000000000\nd +Inf\ne NaN";
  sample = take_sample(text);
  REQUIRE((sample && *sample));
  CHECK((*sample)->name == "b:c");
  CHECK((*sample)->label("x") == "1");
  CHECK((*sample)->label("y") == "\\ \" \n");
  CHECK((*sample)->label("z").empty());
  CHECK((*sample)->value == -2500);
  sample = take_sample(text);
  REQUIRE((sample && *sample));
  CHECK(std::isinf((*sample)->value));
  sample = take_sample(text);
  REQUIRE((sample && *sample));
  CHECK(std::isnan((*sample)->value));
  sample = take_sample(text);
  REQUIRE(sample);
  CHECK_FALSE(*sample);
}

TEST_CASE("take_sample: refuses what is no sample, cut at every byte of its labels") {
  for (const char* line : {"1a 1", "a", "a ", "a x", "a 1x", "{} 1", "a{b} 1", "a{b=c} 1", "<html>",
                           "a{=\"c\"} 1", "a{b=\"c\"", "a{b=\"c\" d=\"e\"} 1", "a{b=\"c\\"})
    CHECK_MESSAGE(is_refused(line), line);
  const std::string whole = "a{b=\"c\",d=\"e\"} 1";
  for (std::size_t size = 1; size < whole.size(); ++size)
    CHECK_MESSAGE(is_refused(std::string_view{whole}.substr(0, size)), size);
  std::string many = "a{";
  for (int i = 0; i < 33; ++i)
    many += "b=\"c\",";
  CHECK(is_refused(many + "} 1"));
  CHECK(is_refused("a " + std::string(65, '1')));
}

TEST_CASE("take_sample: reads what append_sample writes") {
  std::string out;
  append_sample(out, "a_bucket", {{"le", "+Inf"}, {"x", "\"\\\n,{}="}}, 1234567890123456);
  std::string_view text = out;
  const auto sample = take_sample(text);
  REQUIRE((sample && *sample));
  CHECK((*sample)->label("x") == "\"\\\n,{}=");
  CHECK((*sample)->value == 1234567890123456);
  CHECK(text.empty());
}
