#!/usr/bin/env python3
"""The primitives of the generator against known answers of others."""
import json
import pathlib
import unittest

import cpace
import handshake
import key_schedule
from ciphers import AesGcm, ChaChaPoly

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"


def load(name):
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def values(vector):
    return {k: bytes.fromhex(v) for k, v in vector.items() if k != "sas_words"}


class Answers(unittest.TestCase):
    def check_cipher(self, name, cipher):
        count = 0
        for group in load(f"wycheproof/{name}")["testGroups"]:
            if (group["keySize"], group["ivSize"], group["tagSize"]) != (256, 96, 128):
                continue
            for t in group["tests"]:
                of = {k: bytes.fromhex(t[k]) for k in ("key", "iv", "aad", "msg", "ct", "tag")}
                opened = cipher(of["key"]).open(of["iv"], of["aad"], of["ct"] + of["tag"])
                self.assertEqual(opened, of["msg"] if t["result"] == "valid" else None, t["tcId"])
                count += 1
        self.assertGreater(count, 50)

    def test_ciphers_agree_with_wycheproof(self):
        self.check_cipher("aes_gcm_test.json", AesGcm)
        self.check_cipher("chacha20_poly1305_test.json", ChaChaPoly)

    def test_hashing_to_the_curve_agrees_with_rfc_9380(self):
        suite = load("rfc9380/P256_XMD_SHA-256_SSWU_NU.json")
        for v in suite["vectors"]:
            point = cpace.hash_to_curve(v["msg"].encode(), suite["dst"].encode())
            self.assertEqual([hex(c) for c in point], [hex(int(v["P"][c], 16)) for c in "xy"])

    def check_run(self, v, run):
        for number, message in enumerate(run.messages):
            self.assertEqual(message.hex(), v[f"M{number}"].hex(), f"message {number}")
        for name, secret in run.secrets.items():
            self.assertEqual(secret, v[name], name)

    def random_of(self, v):
        # HELLO_I stands at the front of message 1, in front of the share if there is one.
        end = 46
        return handshake.Randomness(
            v["M0"][-32:], v["M1"][end - 32:end], v["dk_seed"], v["r"], v["x_R"], v["m"], v["x_I"],
            v.get("ya", b""), v.get("yb", b""))

    def test_handshakes_agree_with_the_known_answers(self):
        for text in load("handshake_kat.json")["vectors"]:
            v = values(text)
            run = handshake.with_code(v["code"], self.random_of(v), suite=v["M1"][9])
            self.check_run(v, run)
            words = [handshake.WORDS[i] for i in key_schedule.word_indexes(run.secrets["sas"])]
            self.assertEqual("-".join(words), text["sas_words"])

    def test_the_reconnect_agrees_with_the_known_answers(self):
        v = values(load("handshake_kat.json")["resume"][0])
        room = key_schedule.resume_room(v["resume_first"])
        self.assertEqual(room, v["room_id"])
        generation = v["M0"][14]
        run = handshake.with_resume(v["resume_generation"], generation, room, self.random_of(v),
                                    suite=v["M1"][9])
        self.check_run(v, run)


if __name__ == "__main__":
    unittest.main()
