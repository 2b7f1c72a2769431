"""The prover says of small protocols what everybody knows of them."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import horn  # noqa: E402
import prove  # noqa: E402
from syntax import Refused  # noqa: E402

HEAD = """
free c: channel.
type key.
type skey.
type pkey.
fun senc(bitstring, key): bitstring.
reduc forall m: bitstring, k: key; sdec(senc(m, k), k) = m.
fun pk(skey): pkey.
fun aenc(bitstring, pkey): bitstring.
reduc forall m: bitstring, k: skey; adec(aenc(m, pk(k)), k) = m.
fun sign(bitstring, skey): bitstring.
reduc forall m: bitstring, k: skey; checked(sign(m, k), pk(k)) = m.
fun hash(bitstring): bitstring.
fun as_key(bitstring): key [data].
free s: bitstring [private].
free kab: key [private].
event sent(bitstring).
event got(bitstring).
"""
AGREE = "query n: bitstring; event(got(n)) ==> event(sent(n))."
AGREE_INJ = "query n: bitstring; inj-event(got(n)) ==> inj-event(sent(n))."


class Case(unittest.TestCase):
    head = HEAD

    def results(self, text):
        return list(prove.prove(self.head + text).values())

    def says(self, text, *wanted):
        self.assertEqual(self.results(text), list(wanted))


class Secrecy(Case):
    # A talks to whoever is named; B believes to talk to A, and then sends it the secret.
    NEEDHAM_SCHROEDER = """
event begins(pkey, pkey).
event ends(pkey, pkey).
free skA: skey [private].
free skB: skey [private].
query attacker(s).
query x: pkey, y: pkey; event(ends(x, y)) ==> event(begins(x, y)).
let A = in(c, X: pkey); event begins(pk(skA), X);
  new na: bitstring; out(c, aenc((na, pk(skA)), X));
  in(c, m: bitstring); let (=na, nb: bitstring%s) = adec(m, skA) in out(c, aenc(nb, X)).
let B = in(c, m: bitstring); let (na: bitstring, =pk(skA)) = adec(m, skB) in
  new nb: bitstring; out(c, aenc((na, nb%s), pk(skA)));
  in(c, m3: bitstring); let =nb = adec(m3, skB) in
  event ends(pk(skA), pk(skB)); out(c, senc(s, as_key(nb))).
process ((!A) | (!B) | out(c, pk(skA)) | out(c, pk(skB)))
"""

    def test_needham_schroeder(self):
        self.says(self.NEEDHAM_SCHROEDER % ("", ""), False, False)

    def test_needham_schroeder_lowe(self):
        self.says(self.NEEDHAM_SCHROEDER % (", =X", ", pk(skB)"), True, True)

    DENNING_SACCO = """
free skA: skey [private].
free skB: skey [private].
query attacker(s).
let A = in(c, X: pkey); new k: key; out(c, aenc(sign(%s, skA), X)).
let B = in(c, m: bitstring); let %s = checked(adec(m, skB), pk(skA)) in out(c, senc(s, k)).
process ((!A) | (!B) | out(c, pk(skA)) | out(c, pk(skB)))
"""

    def test_denning_sacco(self):
        self.says(self.DENNING_SACCO % ("(pk(skA), k)", "(=pk(skA), k: key)"), False)

    def test_denning_sacco_with_names(self):
        self.says(self.DENNING_SACCO % ("(pk(skA), X, k)", "(=pk(skA), =pk(skB), k: key)"), True)

    # The server answers with a key for each of the two.
    OTWAY_REES = """
type host.
free A: host.
free B: host.
free kas: key [private].
free kbs: key [private].
query attacker(s).
let ProcessA = new m: bitstring; new na: bitstring;
  out(c, (m, A, B, senc((na, m, A, B), kas)));
  in(c, (=m, x: bitstring)); let (=na, k: key) = sdec(x, kas) in out(c, senc(s, k)).
let ProcessB = in(c, (m: bitstring, a: host, =B, x: bitstring)); new nb: bitstring;
  out(c, (m, a, B, x, senc((nb, m, a, B), kbs)));
  in(c, (=m, y: bitstring, z: bitstring)); let (=nb, k: key) = sdec(z, kbs) in out(c, (m, y)).
let Server = in(c, (m: bitstring, =A, =B, x: bitstring, y: bitstring));
  let (na: bitstring, =m, =A, =B) = sdec(x, kas) in
  let (nb: bitstring, =m, =A, =B) = sdec(y, kbs) in
  new k: key; out(c, (m, senc((na, k), kas), senc((nb, k), kbs)))%s.
process ((!ProcessA) | (!ProcessB) | (!Server))
"""

    def test_otway_rees(self):
        self.says(self.OTWAY_REES % "", True)
        self.says(self.OTWAY_REES % "; out(c, k)", False)

    def test_a_secret_whose_key_is_sent_later(self):
        self.says("query attacker(s). process (out(c, senc(s, kab)) | (phase 1; out(c, kab)))",
                  False)
        # What is only read in the phase before cannot be opened with what is sent after it.
        self.says("query attacker(s). process ((in(c, =kab); out(c, s)) | (phase 1; out(c, kab)))",
                  True)

    def test_a_destructor_that_fails_ends_the_run(self):
        self.says("query attacker(s). process in(c, x: bitstring);"
                  "let y: bitstring = sdec(x, kab) in out(c, s)", True)
        self.says("query attacker(s). process (out(c, senc(hash(s), kab)) | in(c, x: bitstring);"
                  "let y: bitstring = sdec(x, kab) in out(c, s))", False)

    def test_a_channel_that_is_sent_is_known(self):
        self.says("free d: channel. fun of(channel): key. query attacker(s)."
                  "process out(c, senc(s, of(d)))", False)


class DiffieHellman(Case):
    GROUP = """
type scalar.
type point.
fun share(scalar): point.
fun exp(point, scalar): point.
equation forall x: scalar, y: scalar; exp(share(x), y) = exp(share(y), x).
fun key_of(point): key.
"""
    # One equation for each role, as in models/dh_sound.pvl.
    ROLES = """
type scalar.
type point.
fun share(scalar): point.
fun with_R(point, scalar): point.
fun with_I(point, scalar): point.
equation forall x: scalar, y: scalar; with_I(share(x), y) = with_R(share(y), x).
fun key_of(point): key.
"""
    PLAIN = """
query attacker(s).
let A = new x: scalar; out(c, share(x)); in(c, Y: point); out(c, senc(s, key_of(exp(Y, x)))).
let B = new y: scalar; out(c, share(y)); in(c, X: point).
process ((!A) | (!B))
"""
    SIGNED = """
free skA: skey [private].
free skB: skey [private].
event begins(pkey, pkey, point).
event ends(pkey, pkey, point).
query attacker(s).
query x: pkey, y: pkey, Y: point; event(ends(x, y, Y)) ==> event(begins(x, y, Y)).
let A = new x: scalar; let X: point = %(share_x)s in out(c, X);
  in(c, (Y: point, m: bitstring)); let (=Y, =X%(name_a)s) = checked(m, pk(skB)) in
  let k: point = %(k_a)s in
  event ends(pk(skA), pk(skB), Y); out(c, senc(s, key_of(k))).
let B = in(c, (X: point, other: pkey)); new y: scalar; let Y: point = %(share_y)s in
  event begins(other, pk(skB), Y); out(c, (Y, sign((Y, X%(name_b)s), skB))).
process ((!A) | (!B) | out(c, pk(skA)) | out(c, pk(skB)))
"""
    NAMED = {"name_a": ", =pk(skA)", "name_b": ", other"}
    POWERS = {"share_x": "share(x)", "share_y": "share(y)", "k_a": "exp(Y, x)"}
    BY_ROLE = {**POWERS, "k_a": "with_R(Y, x)"}

    def test_without_signatures(self):
        self.says(self.GROUP + self.PLAIN, False)

    def test_with_one_that_the_peer_chose_the_name_for(self):
        nameless = {"name_a": "", "name_b": ""}
        self.says(self.GROUP + self.SIGNED % {**self.POWERS, **nameless}, True, False)
        self.says(self.ROLES + self.SIGNED % {**self.BY_ROLE, **nameless}, True, False)

    def test_with_signatures_over_names(self):
        self.says(self.GROUP + self.SIGNED % {**self.POWERS, **self.NAMED}, True, True)
        self.says(self.ROLES + self.SIGNED % {**self.BY_ROLE, **self.NAMED}, True, True)


class Correspondences(Case):
    def test_a_replay(self):
        text = """
let A = new n: bitstring; event sent(n); out(c, senc(n, kab)).
let B = in(c, x: bitstring); let n: bitstring = sdec(x, kab) in event got(n).
process ((!A) | (!B))
"""
        self.says(AGREE + text, True)
        self.says(AGREE_INJ + text, False)

    CHALLENGE = """
let A = in(c, n: bitstring); event sent(n); out(c, senc(n, kab)).
let B = new n: bitstring; out(c, n); in(c, x: bitstring); let =n = sdec(x, kab) in %s.
process ((!A) | (!B))
"""

    def test_a_challenge(self):
        self.says(AGREE_INJ + self.CHALLENGE % "event got(n)", True)

    def test_one_begin_for_two_ends(self):
        self.says(AGREE_INJ + self.CHALLENGE % "(event got(n) | event got(n))", False)
        self.says(AGREE_INJ + self.CHALLENGE % "(event got(n); event got(n))", False)
        self.says(AGREE_INJ + self.CHALLENGE % "!event got(n)", False)

    def test_one_begin_for_the_ends_of_two_processes(self):
        self.says(AGREE_INJ + """
let A = new n: bitstring; event sent(n); out(c, senc(n, kab)).
let B = in(c, x: bitstring); let n: bitstring = sdec(x, kab) in event got(n).
process (A | B | B)
""", False)

    def test_an_end_that_says_less(self):
        self.says("query n: bitstring; event(got(n)) ==> event(sent(n))."
                  "process in(c, n: bitstring); event sent(hash(n)); event got(n)", False)

    def test_both_of_two(self):
        text = """
event first(bitstring).
query n: bitstring; event(got(n)) ==> event(first(n)) && event(sent(n)).
process in(c, n: bitstring); event first(n); %s event got(n)
"""
        self.says(text % "event sent(n);", True)
        self.says(text % "", False)


class Guesses(Case):
    # Words that are guessed are keys of a cipher under which everything opens.
    head = """
free c: channel.
type key.
fun hash(bitstring): bitstring.
free s: bitstring [private].
type coins.
fun shut(key, bitstring): bitstring.
reduc forall k: key, m: bitstring; open_with(k, shut(k, m)) = m.
fun mask(key, bitstring): bitstring.
fun unmask(key, bitstring): bitstring.
equation forall k: key, m: bitstring; unmask(k, mask(k, m)) = m.
equation forall k: key, m: bitstring; mask(k, unmask(k, m)) = m.
free pw: key [private].
weaksecret pw.
"""

    def test_nothing_known_of_what_is_masked(self):
        self.says("process new n: bitstring; out(c, mask(pw, n))", True)
        self.says("process new n: bitstring; out(c, (mask(pw, n), hash((n, s))))", True)

    def test_something_known_of_it(self):
        for process in ["out(c, (mask(pw, s), hash(s)))",
                        "new n: bitstring; out(c, mask(pw, (n, n)))",
                        "new n: bitstring; out(c, (mask(pw, n), mask(pw, hash(n))))",
                        "new n: bitstring; out(c, shut(pw, n))",
                        "in(c, x: bitstring); out(c, hash((x, pw)))"]:
            with self.subTest(process=process):
                self.says("process " + process, False)
        self.says("process new n: bitstring; out(c, hash((shut(pw, n), s)))", True)

    # Encrypted key exchange: a public key under the password, a key back, a challenge with it.
    EKE = """
fun ek(bitstring): bitstring.
fun encap(bitstring, coins): bitstring.
fun agreed(bitstring, coins): bitstring.
fun decap(bitstring, bitstring): bitstring.
equation forall d: bitstring, r: coins; decap(d, encap(ek(d), r)) = agreed(ek(d), r).
let A = new d: bitstring; out(c, mask(pw, %s)); in(c, ct: bitstring);
  let k: bitstring = decap(d, ct) in
  in(c, x: bitstring); if x = hash(%s) then out(c, hash((k, x))).
let B = in(c, m: bitstring); let e: bitstring = unmask(pw, m) in
  new r: coins; let k: bitstring = agreed(e, r) in
  out(c, encap(e, r)); out(c, hash(%s)).
process ((!A) | (!B))
"""

    def test_eke(self):
        self.says(self.EKE % ("ek(d)", "k", "k"), True)

    def test_eke_with_what_can_be_recognised(self):
        self.says(self.EKE % ("(ek(d), d)", "k", "k"), False)
        self.says(self.EKE % ("ek(d)", "(pw, k)", "(pw, e)"), False)


class Refusals(Case):
    def refused(self, text):
        with self.assertRaises(Refused):
            prove.prove(HEAD + text)

    def test_what_is_not_known(self):
        for text in ["process get t(x) in 0", "process if s = s then 0 else 0",
                     "process out(c, senc(c, s))", "process phase 2; 0",
                     "process phase 1; phase 0; 0", "table t(key). process 0",
                     "free d: channel [private]. process out(d, s)",
                     "process in(c, d: channel); out(d, s)",
                     "fun f(key): key [typeConverter]. process 0",
                     "fun expand(key): key. process 0", "process in(c, secret: key)",
                     "query attacker(sdec(s, kab)). process 0",
                     "query n: bitstring; inj-event(got(n)) ==> event(sent(n)). process 0",
                     "query n: bitstring; event(got(n)) ==> event(sent(n)) || event(sent(n))."
                     "process 0"]:
            with self.subTest(text=text):
                self.refused(text)

    def test_equations_that_it_would_be_wrong_about(self):
        for equation in ["plus(plus(x, y), z) = plus(x, plus(y, z))", "plus(x, y) = plus(y, x)",
                         "plus(x, hash(y)) = plus(y, x)", "plus(x, x) = plus(plus(x, x), x)",
                         "plus(hash(x), y) = hash(plus(x, y))", "(x, y) = x"]:
            with self.subTest(equation=equation):
                self.refused("fun plus(bitstring, bitstring): bitstring. equation forall "
                             f"x: bitstring, y: bitstring, z: bitstring; {equation}. process 0")
        self.refused("fun f(bitstring): bitstring. fun g(bitstring): bitstring. equation forall "
                     "x: bitstring; f(g(x)) = x. equation forall x: bitstring; g(hash(x)) = x."
                     "process 0")

    def test_no_end_is_no_result(self):
        most = horn.CLAUSES_MAX
        horn.CLAUSES_MAX = 3
        try:
            self.says("query attacker(s). process out(c, senc(s, kab))", None)
        finally:
            horn.CLAUSES_MAX = most


if __name__ == "__main__":
    unittest.main()
