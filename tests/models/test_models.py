"""The models of the handshake come out as models/expected.toml says, and every mutant is noticed.

By the project's own prover, which is part of this test and always there (Checker), and by ProVerif
where it is found (ProVerif; with only that asked for, exit code 77 says that it is not).
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest

HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parents[1] / "models"
sys.path.insert(0, str(HERE))

import prove  # noqa: E402
from model import Model  # noqa: E402

PROVERIF = shutil.which("proverif")
EXPECTED = tomllib.loads((MODELS / "expected.toml").read_text(encoding="utf-8"))
RUNS = [{**entry, "parts": parts} for entry in EXPECTED["model"] for parts in entry["parts"]]


def text_of(entry):
    """The model as one text; that of a mutant has its replacements made."""
    texts = [(part, (MODELS / f"{part}.pvl").read_text(encoding="utf-8"))
             for part in entry["parts"]]
    texts.append(("file", (MODELS / entry["file"]).read_text(encoding="utf-8")))
    for part, old, new in entry.get("replace", []):
        if old not in dict(texts)[part]:
            raise AssertionError(f"{entry['name']}: its text is not in {part}")
        texts = [(p, text.replace(old, new) if p == part else text) for p, text in texts]
    return "\n".join(text for _, text in texts)


def short(query):
    """What expected.toml calls a query: the first event or secret that it names."""
    return re.match(r"(?:attacker|inj-event|event|weaksecret)[( ](\w+)", query).group(1)


class Checker(unittest.TestCase):
    """By our own small prover."""

    def test_every_query_holds(self):
        for entry in RUNS:
            with self.subTest(file=entry["file"], parts=entry["parts"]):
                results = prove.prove(text_of(entry))
                self.assertEqual([short(q) for q in results], entry["queries"])
                self.assertEqual({short(q): True for q in results},
                                 {short(q): r for q, r in results.items()})

    def test_every_mutant_is_noticed(self):
        for entry in EXPECTED["mutant"]:
            with self.subTest(mutant=entry["name"]):
                text = text_of(entry)
                queries = [t for t, _, _ in Model(text).queries if short(t) == entry["fails"]]
                self.assertEqual(len(queries), 1)
                self.assertIs(prove.prove(text, only=queries)[queries[0]], False)

    def test_every_model_has_a_mutant(self):
        mutated = {e["file"] for e in EXPECTED["mutant"]}
        self.assertEqual({e["file"] for e in EXPECTED["model"]} - mutated, set())

    def test_every_file_is_listed(self):
        listed = {e["file"] for e in EXPECTED["model"]}
        self.assertEqual({p.name for p in MODELS.glob("*.pv")}, listed)

    def test_every_mutant_names_a_model(self):
        for entry in EXPECTED["mutant"]:
            self.assertIn(entry["file"], {e["file"] for e in EXPECTED["model"]})
            self.assertIn("fails", entry)


@unittest.skipUnless(PROVERIF, "proverif is not installed")
class ProVerif(unittest.TestCase):
    """By ProVerif itself."""

    def results(self, entry):
        text = text_of(entry)
        names = [short(t) for t, _, _ in Model(text).queries]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "model.pv")
            path.write_text(text, encoding="utf-8")
            ran = subprocess.run([PROVERIF, path], capture_output=True, text=True, timeout=900,
                                 check=False)
        # A line in parentheses is a remark on the one before.
        found = re.findall(r"^RESULT ([^(].*?) (is true|is false|cannot be proved)",
                           ran.stdout, re.M)
        self.assertEqual(ran.returncode, 0, ran.stdout[-2000:] + ran.stderr)
        out = {}
        for name in names:
            lines = [said for query, said in found if re.search(rf"\b{name}\b", query)]
            self.assertTrue(lines, f"no result for {name}:\n{ran.stdout[-2000:]}")
            out[name] = lines[0]
        return out

    def test_every_query_holds(self):
        for entry in RUNS:
            with self.subTest(file=entry["file"], parts=entry["parts"]):
                self.assertEqual(self.results(entry),
                                 {name: "is true" for name in entry["queries"]})

    def test_every_mutant_is_noticed(self):
        for entry in EXPECTED["mutant"]:
            with self.subTest(mutant=entry["name"]):
                self.assertNotEqual(self.results(entry)[entry["fails"]], "is true")


if __name__ == "__main__":
    if sys.argv[1:] == ["ProVerif"] and not PROVERIF:
        print("proverif is not installed")
        sys.exit(77)
    unittest.main()
