// Frames, against the vectors in tests/vectors/tallow/frames.
#include <algorithm>
#include <cctype>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tallow/wire/frame.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>

#include "conformance/vector_file.hpp"
#include "fuzz/reception.hpp"

namespace tallow {
namespace {

using nlohmann::json;
using test::vector_file;

frame_set allowed_in(const std::string& place) {
  static const std::map<std::string, frame_set> sets{{"to_relay", frames_to_relay},
                                                     {"from_relay", frames_from_relay},
                                                     {"handshake", frames_of_handshake},
                                                     {"control", frames_of_control},
                                                     {"lane", frames_of_lane}};
  return sets.at(place);
}

std::string outcome_of(const fuzz::reception& all) {
  if (all.failure) return errc_name(all.failure->code);
  return all.between_frames ? "success" : "truncated";
}

json frames_in(const fuzz::reception& all) {
  json frames = json::array();
  for (const auto& frame : all.frames) {
    std::string name = frame_name(frame.type);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    frames.push_back({name, frame.body.size()});
  }
  return frames;
}

byte_buffer encoded(const fuzz::reception& all) {
  byte_buffer stream;
  for (const auto& frame : all.frames) {
    EXPECT_TRUE(append_frame(stream, frame.type, frame.body));
  }
  return stream;
}

void check(const vector_file& v) {
  const std::size_t cap =
      v.has("body_bytes_max") ? v.number("body_bytes_max") : limits::frame_length_limit;
  const auto all =
      fuzz::receive_three_ways(frame_decoder(allowed_in(v.text("place")), cap), v.body);
  EXPECT_EQ(outcome_of(all), v.expect());
  EXPECT_EQ(frames_in(all), json::parse(v.text("frames")));
  const byte_buffer good = encoded(all);
  if (v.succeeds()) {
    EXPECT_EQ(good, v.body);
  } else {
    EXPECT_EQ(good.size(), v.number("offset"));
    if (all.failure) {
      EXPECT_EQ(all.failure->at, v.number("offset"));
    }
    EXPECT_TRUE(std::equal(good.begin(), good.end(), v.body.begin()));
  }
}

TEST(ConformanceOfFrames, HoldsForEachVector) { test::for_each_vector("frames", check); }

}  // namespace
}  // namespace tallow
