"""weaksecret: whether a guess of a secret can be tested when all is over.

First what the attacker can know; then what it makes of that with its guess. What it knows comes
from no guess, so that is searched to its end before, and looked up.
"""
import collections
import itertools

import horn
from attacker import attacker_clauses
from processes import Translation
from syntax import Refused
from terms import make, renamed, terms

WRONG = ("the wrong guess",)
SEARCH_MAX = 500  # clauses for one fact that is looked up


def guess_clauses(model, secret, shapes, put):
    """What it can do with a guess of the secret when all is over, and how it tells that the guess
    is wrong: each pair is what it has if the guess is right, and if not."""
    put([("att0", 1)], ("guess", 1, 1))
    put([], ("guess", secret, WRONG))
    bad = ("bad", ("wrong guess noticed",))
    for name, (kinds, _) in model.symbols.items():
        if not kinds or name in model.theory.data:
            continue
        if name in model.destructors:
            rules = [model.destructors[name]]
            for clause in opened_by_one(rules[0], bad):
                put(*clause)
        else:
            whole = terms((name, *range(1, len(kinds) + 1)))[0]
            rules = [(whole, whole), *model.theory.rules(name)]
        for (left, right), other in itertools.product(rules, rules):
            left2, right2 = renamed(list(other), 100000)[0]
            put([("guess", a, b) for a, b in zip(left[1:], left2[1:])], ("guess", right, right2))
    put([("guess", 1, 2), ("guess", 1, 3)], bad, [("differ", 2, 3)])
    put([("guess", 2, 1), ("guess", 3, 1)], bad, [("differ", 2, 3)])
    for symbol, n in sorted(shapes):
        whole, shape = (symbol, *range(1, n + 1)), (symbol, *[("_",)] * n)
        put([("guess", whole, 100)], bad, [("unlike", shape, 100)])
        put([("guess", 100, whole)], bad, [("unlike", shape, 100)])


def opened_by_one(rule, bad):
    """d(k, f(k, m)) = m: noticed where one side opens and the other side does not."""
    left, _ = rule
    key, sealed = left[1], left[-1]
    if (len(left) != 3 or key.__class__ is not int or sealed.__class__ is int or sealed[1] != key
            or any(a.__class__ is not int for a in sealed[1:])
            or len(set(sealed[1:])) != len(sealed) - 1):
        raise Refused(f"guesses are not known to be tested with {left[0]}")
    closed = [("closed", (sealed[0],), 1000001, 1000002)]
    pairs = [(key, 1000001), (sealed, 1000002)]
    yield [("guess", a, b) for a, b in pairs], bad, closed
    yield [("guess", b, a) for a, b in pairs], bad, closed


def data_shapes(facts, theory, shapes):
    """The data symbols in the facts, with the number of their arguments."""
    seen, todo = set(), list(facts)
    while todo:
        t = todo.pop()
        if t.__class__ is not int and t not in seen:
            seen.add(t)
            if t[0] in theory.data:
                shapes.add((t[0], len(t) - 1))
            todo.extend(t[1:])


class Known:
    """What the attacker can know without a guess, and with both the right one and the wrong one
    (att1), looked up in a search that is over. Either half of a pair is such a thing."""

    def __init__(self, model, secret, shapes):
        self.model, self.shapes = model, shapes
        self.prover = horn.Prover(model.theory)
        translation = Translation(model, set(), set(), self.put)
        translation.run()
        if translation.last_phase:
            raise Refused("weaksecret with phases")
        attacker_clauses(model, 1, self.put)
        self.put([], ("att1", secret))
        self.put([], ("att1", WRONG))
        self.found, self.looked = {}, {}

    def put(self, hyps, conclusion):
        facts = terms(*hyps, conclusion)
        data_shapes(facts, self.model.theory, self.shapes)
        self.prover.add(facts[:-1], facts[-1])

    def search(self, fact, on_final):
        search = horn.Prover(self.model.theory, on_final)
        search.finals = collections.defaultdict(list, self.prover.finals)
        search.clauses_max = SEARCH_MAX
        search.add([fact], make("goal", (fact[1],)))
        search.run()

    def ways(self, fact):
        """The clauses, with nothing left to resolve on, whose conclusion goal(m) says in which
        forms `fact`, which is att(m), is known."""
        (fact,), _ = renamed([fact], 0)
        if fact not in self.found:
            found = []
            self.search(fact, found.append)
            self.found[fact] = found
        return self.found[fact]

    def possible(self, hyp):
        """False of a hypothesis that nothing fulfils."""
        if hyp[0] == "guess":
            return all(self.some(make("att1", (m,))) for m in hyp[1:])
        return self.some(hyp)

    def some(self, fact):
        if fact[1].__class__ is int:
            return True
        (fact,), _ = renamed([fact], 0)
        if fact not in self.looked:
            found = []
            try:
                self.search(fact, lambda clause: found.append(clause) or True)
            except horn.TooMany:
                found.append(None)  # not known to be impossible
            self.looked[fact] = bool(found)
        return self.looked[fact]


def run_weak(model, secret, log):
    """True where no guess can be tested, False where there is a derivation, None where there is no
    end."""
    shapes, result = set(), [True]

    def on_final(clause):
        if clause[1][0] == "bad":
            if log is not None:
                log(f"weaksecret: {clause}")
            result[0] = False
        return not result[0]

    known = Known(model, secret, shapes)
    prover = horn.Prover(model.theory, on_final, known)
    try:
        known.prover.run()
        guess_clauses(model, secret, shapes, prover.add)
        prover.run()
    except horn.TooMany:
        result[0] = None
    if log is not None:
        log(f"{known.prover.count} + {prover.count} clauses")
    return result[0]
