// A message becomes a frame, the frame arrives byte by byte, and becomes the message again.
// Needs tallow::core alone: no cryptography, no network, no file.

#include <cstdio>

#include <tallow/base/error.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>

int main() {
  // Whatever carries the bytes, this is what goes into it.
  const tallow::client_hello sent{{tallow::relay_protocol_version}, "my-program 1.0"};
  tallow::byte_buffer wire;
  if (const auto done = append_message(wire, sent); !done) {
    std::printf("cannot be sent: %s\n", describe(done.error()).c_str());
    return 1;
  }
  std::printf("sent:     %zu bytes: %s\n", wire.size(), tallow::to_hex(wire).c_str());

  // The other end says which frames may come. It gets the bytes in any pieces: here in the worst.
  tallow::frame_decoder decoder(tallow::frames_to_relay);
  for (std::byte& byte : wire) {
    tallow::byte_span piece(&byte, 1);
    const auto frame = decoder.next(piece);
    if (!frame) {
      std::printf("not a frame: %s\n", describe(frame.error()).c_str());
      return 1;
    }
    if (!*frame) continue;  // more bytes are needed

    const auto received = tallow::decode_body<tallow::client_hello>((*frame)->body);
    if (!received) {
      std::printf("not a message: %s\n", describe(received.error()).c_str());
      return 1;
    }
    std::printf("received: %s of \"%s\"\n", frame_name((*frame)->type), received->software.c_str());
    return *received == sent ? 0 : 1;
  }
  std::printf("the frame never became whole\n");
  return 1;
}
