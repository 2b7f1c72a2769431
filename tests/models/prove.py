"""The queries of a model, decided by saturation."""
import horn
from attacker import attacker_clauses
from guess import run_weak
from model import Model
from processes import Translation
from terms import apply, forget, match, renamed, terms, unify


# ---- correspondences -------------------------------------------------------------------------

class Correspondence:
    """event(e) ==> event(b) && ..: takes the clauses that end in e, and says no to one without
    the b, or where the same b would stand for two e."""

    def __init__(self, content):
        self.end, self.begins, self.injective = content
        self.seen = []  # (where the end is, the begins) of each clause

    def holds_with(self, clause):
        hyps, conclusion, _ = clause
        (end, *begins), _ = renamed(terms(self.end, *self.begins), 1000000)
        s = match(end, conclusion[1], {})
        if s is None:
            return unify(end, conclusion[1], {}) is None
        said = [h for h in hyps if h[0] == "begin"]
        for chosen in self.choices(begins, said, s):
            if not self.injective:
                return True
            mine = terms(("end", conclusion[2], *chosen))[0]
            if all(one_for_one(mine, other) for other in [*self.seen, mine]):
                self.seen.append(mine)
                return True
        return False

    def choices(self, begins, said, s):
        if not begins:
            yield []
            return
        for h in said:
            trial = match(begins[0], h[1], dict(s))
            if trial is not None:
                for rest in self.choices(begins[1:], said, trial):
                    yield [h, *rest]


def one_for_one(one, other):
    """True when the same begin means the same end: two ends of different runs, or of two places,
    never share one. Each is (end, where it is, the begins that stand for it)."""
    one, n = renamed([one], 0)
    other, _ = renamed([other], n)
    for b, c in zip(one[0][2:], other[0][2:]):
        s = unify(b, c, {})
        if s is not None and apply(one[0][1], s) != apply(other[0][1], s):
            return False
    return True


# ---- all of it -------------------------------------------------------------------------------

def prove(text, only=None, log=None):
    """Result by query text: True where there is no derivation, False where there is one, None
    where the clauses did not come to an end. `only` names the queries that are wanted."""
    forget()
    model = Model(text)
    wanted = [q for q in model.queries if only is None or q[0] in only]
    results = run_reach(model, [q for q in wanted if q[1] != "weak"], log)
    for query in wanted:
        if query[1] == "weak":
            results[query[0]] = run_weak(Model(text), query[2], log)
    return results


def run_reach(model, queries, log):
    results = {q[0]: True for q in queries}
    asked = {text: Correspondence(c) for text, kind, c in queries if kind == "follows"}
    goals = {terms(("goal", (text,)))[0]: text for text, kind, _ in queries if kind == "secret"}

    def on_final(clause):
        failed = [goals[clause[1]]] if clause[1] in goals else []
        if clause[1][0] == "end":
            failed += [t for t, query in asked.items()
                       if results[t] and not query.holds_with(clause)]
        for text in failed:
            if log is not None and results[text]:
                log(f"{text}: {clause}")
            results[text] = False
        return not any(results.values())

    prover = horn.Prover(model.theory, on_final)
    translation = Translation(model, {b[0][3:] for q in asked.values() for b in q.begins},
                              {q.end[0][3:] for q in asked.values()}, prover.add)
    translation.run()
    attacker_clauses(model, translation.last_phase, prover.add)
    for text, kind, content in queries:
        if kind == "secret":
            prover.add([(f"att{translation.last_phase}", content)], ("goal", (text,)))
    try:
        prover.run()
    except horn.TooMany:
        for name in results:
            results[name] = results[name] and None
    if log is not None:
        log(f"{prover.count} clauses")
    return results
