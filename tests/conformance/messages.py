"""Messages between client and relay, and sealed ones: docs/protocol/wire.md."""
import specification
from postcard import Refused, decode_fields, encode_fields

DATA = 0x08
DATA_PREFIX_BYTES = 10


def pieces(message, value):
    """A body; of a sealed message the plaintext, which begins with its type."""
    front = [bytes([message.number])] if message.is_sealed else []
    return front + encode_fields(message.fields, value)


def decode(message, body):
    return decode_fields(message.fields, body)


def decode_sealed(plaintext):
    """(name, value) of a sealed plaintext other than DATA."""
    if not plaintext:
        raise Refused("truncated")
    for message in specification.read().messages:
        if message.is_sealed and message.number == plaintext[0]:
            return message.name, decode(message, plaintext[1:])
    raise Refused("message_type_unknown")


def data(codec, chunk, content):
    return [bytes([DATA, codec]) + chunk.to_bytes(8, "big"), content]


def decode_data(plaintext):
    """(codec, chunk, content) of the plaintext of a DATA record."""
    if not plaintext:
        raise Refused("truncated")
    if plaintext[0] != DATA:
        raise Refused("message_type_unknown")
    if len(plaintext) < DATA_PREFIX_BYTES:
        raise Refused("truncated")
    if plaintext[1] > 1:
        raise Refused("codec_unknown")
    return plaintext[1], int.from_bytes(plaintext[2:10], "big"), plaintext[10:]
