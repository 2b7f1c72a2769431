// Each fuzz body over its corpus, as it is checked in; and that a broken invariant is noticed.

#include <optional>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame_decoder.hpp>

#include "fuzz/canary.hpp"
#include "fuzz/frame_decoder.hpp"
#include "fuzz/message_codec.hpp"
#include "fuzz/violation.hpp"
#include "support/corpus.hpp"

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)

TEST(FuzzCorpus, HoldsForTheFrameDecoder) {
  EXPECT_GT(test::replay_corpus("frame_decoder", fuzz::fuzz_frame_decoder), 30U);
}

TEST(FuzzCorpus, HoldsForTheMessageCodec) {
  EXPECT_GT(test::replay_corpus("message_codec", fuzz::fuzz_message_codec), 80U);
}

TEST(FuzzCorpus, HasACanaryThatAlwaysFails) {
  EXPECT_THROW(fuzz::fuzz_canary({}), fuzz::violation);
}

// Wrong on purpose: forgets what it has each time it waits for more.
class forgetful_decoder {
 public:
  forgetful_decoder(frame_set allowed, std::size_t cap) : fresh_(allowed, cap), decoder_(fresh_) {}

  [[nodiscard]] result<std::optional<frame_view>> next(byte_span& input) {
    auto frame = decoder_.next(input);
    if (frame && !*frame) decoder_ = fresh_;
    return frame;
  }
  [[nodiscard]] bool between_frames() const noexcept { return decoder_.between_frames(); }

 private:
  frame_decoder fresh_;
  frame_decoder decoder_;
};

TEST(FuzzCorpus, FindsADecoderThatDependsOnTheSplit) {
  const byte_buffer input = *from_hex(
      "00"
      "0000000011000000");
  EXPECT_NO_THROW(fuzz::check_frame_decoder<frame_decoder>(input));
  EXPECT_THROW(fuzz::check_frame_decoder<forgetful_decoder>(input), fuzz::violation);
}

// Wrong on purpose: takes a message that has more than one encoding.
struct lenient_codec {
  template <message M>
  [[nodiscard]] static result<M> decode(byte_view body) {
    if (body.size() > 1 && body.back() == std::byte{0}) return decode_body<M>(body.first(1));
    return decode_body<M>(body);
  }
};

TEST(FuzzCorpus, FindsACodecThatTakesTwoEncodings) {
  const byte_buffer input = *from_hex(
      "13"
      "0100");
  EXPECT_NO_THROW(fuzz::check_message_codec<fuzz::library_codec>(input));
  EXPECT_THROW(fuzz::check_message_codec<lenient_codec>(input), fuzz::violation);
}

}  // namespace
