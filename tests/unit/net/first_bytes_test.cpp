#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/net/first_bytes.hpp>

namespace tallow::net {
namespace {

const std::string tls_start("\x16\x03\x01\x06\x00", 5);
const std::string lane_start("\x00\x00\x00\x21\x0D", 5);
const std::string control_start("\x00\x00\x00\x03\x01", 5);

TEST(FirstBytes, TellsTheKindsApart) {
  EXPECT_EQ(tell_apart(as_bytes(tls_start)), first_bytes::tls);
  EXPECT_EQ(tell_apart(as_bytes(lane_start)), first_bytes::lane);
  EXPECT_EQ(tell_apart(as_bytes(control_start)), first_bytes::control);
  EXPECT_EQ(tell_apart(as_bytes(std::string("GET /health HTTP/1.1"))), first_bytes::http);
  EXPECT_EQ(tell_apart(as_bytes(std::string("HEAD /health"))), first_bytes::http);
}

TEST(FirstBytes, TakesNothingElse) {
  for (const std::string& text :
       {std::string("GETS / HTTP/1.1"), std::string("POST / HTTP/1.1"), std::string("SSH-2.0"),
        std::string("\x16\x02\x00", 3), std::string("\x15\x03\x01", 3),
        std::string("\x80\x2E\x01", 3), std::string("\x00\x00\x00\x00\x09", 5),
        std::string("\x00\x00\x00\x00\xFF", 5)}) {
    EXPECT_EQ(tell_apart(as_bytes(text)), first_bytes::other) << text;
  }
}

TEST(FirstBytes, WaitsUntilItKnowsAndThenKeepsToIt) {
  for (const std::string& text : {tls_start, lane_start, control_start, std::string("hello"),
                                  std::string("GET /"), std::string("HEAD ")}) {
    const first_bytes whole = tell_apart(as_bytes(text));
    bool is_told = false;
    for (std::size_t count = 0; count <= first_bytes_max; ++count) {
      const first_bytes now = tell_apart(as_bytes(text).first(count));
      EXPECT_TRUE(now == whole || (now == first_bytes::unfinished && !is_told));
      is_told = is_told || now == whole;
    }
    EXPECT_TRUE(is_told);
    EXPECT_EQ(tell_apart(as_bytes(text + std::string(100, '\xFF'))), whole);
  }
}

}  // namespace
}  // namespace tallow::net
