"""Saturation of Horn clauses: whether an attacker can derive a fact.

The method is the published one of Blanchet (Horn clauses, resolution with a free selection), in its
simplest form. What it says is one-sided: a goal without a derivation has no attack in the model; a
goal with one may have none, because the clauses forget how often and in what order things happen.
"""
import collections
import heapq
import itertools

from clauses import Simplifier
from terms import Term, apply, fits, make, match, renamed, size, substituted, symbols, terms, unify

CLAUSES_MAX = 20000


class TooMany(Exception):
    """The clauses did not come to an end; nothing is proved."""


class Prover:
    """Clauses in; on_final is called with each clause that has nothing left to resolve on, and says
    whether that is enough."""

    def __init__(self, theory, on_final=lambda clause: False, known=None):
        self.known_before = known  # where facts att(m) are looked up instead of resolved on
        self.clauses_max = CLAUSES_MAX
        self.simplifier = Simplifier(theory)
        self.on_final = on_final
        self.queue = []
        self.order = itertools.count()
        self.finals = collections.defaultdict(list)   # conclusion predicate -> records
        self.pending = collections.defaultdict(list)  # predicate of what is selected -> records
        self.by_root = collections.defaultdict(list)  # (predicate, root of conclusion) -> records
        self.count = 0

    def add(self, hyps, conclusion, diseqs=()):
        conclusion, *rest = terms(conclusion, *hyps, *diseqs)
        hyps, diseqs = rest[:len(hyps)], rest[len(hyps):]
        for clause in self.simplifier.clauses(hyps, conclusion, diseqs):
            if self.known_before and not all(map(self.known_before.possible, clause[0])):
                continue
            weight = sum(size(f) for f in clause[0]) + size(clause[1]) + 20 * len(clause[0])
            heapq.heappush(self.queue, (weight, next(self.order), clause))

    def run(self):
        while self.queue:
            record = Record(heapq.heappop(self.queue)[2])
            if self.known(record):
                continue
            self.count += 1
            if self.count > self.clauses_max:
                raise TooMany(f"more than {self.clauses_max} clauses")
            hyps, conclusion, _ = record.clause
            self.by_root[conclusion[0], root(conclusion)].append(record)
            record.chosen = select(hyps, conclusion, self.ways)
            if record.chosen is None:
                if self.on_final(record.clause):
                    return
                self.finals[conclusion[0]].append(record)
                for other in self.pending[conclusion[0]]:
                    self.resolve(record, other)
            elif self.known_before and hyps[record.chosen][0] in ("att0", "att1"):
                self.look_up(record)
            else:
                predicate = hyps[record.chosen][0]
                self.pending[predicate].append(record)
                for other in self.finals[predicate]:
                    self.resolve(other, record)

    def ways(self, fact):
        return sum(len(self.by_root[p, root(fact)]) for p in ("att0", fact[0]))

    def known(self, new):
        """True when another clause says as much. If not, those that say less than this one go."""
        conclusion = new.clause[1]
        predicates = ("att0", "att1") if conclusion[0] == "att1" else (conclusion[0],)
        mine = root(conclusion)
        for p in predicates:
            for k in {mine, None}:
                if any(subsumes(r, new) for r in self.by_root[p, k]):
                    return True
        backs = ("att0", "att1") if conclusion[0] == "att0" else (conclusion[0],)
        for (p, k), records in self.by_root.items():
            if p in backs and (mine is None or k == mine):
                for r in records:
                    r.alive = not subsumes(new, r)
                records[:] = [r for r in records if r.alive]
        return False

    def look_up(self, record):
        goal = record.clause[0][record.chosen]
        for clause in self.known_before.ways(goal):
            self.put_for(clause, make("goal", goal[1:]), record)

    def resolve(self, final, pending):
        if not (final.alive and pending.alive):
            return
        goal = pending.clause[0][pending.chosen]
        a, b = final.clause[1][1], goal[1]
        if a.__class__ is Term and b.__class__ is Term and (a[0] != b[0] or len(a) != len(b)):
            return
        self.put_for(final.clause, goal, pending)

    def put_for(self, final, goal, pending):
        """Adds what comes of resolving on `goal`, the chosen hypothesis of the record."""
        (fh, fc, fd), _ = with_variables_from(final, pending.variables)
        ph, pc, pd = pending.clause
        s = unify(fc, goal, {})
        if s is None:
            return
        memo = {}
        hyps = [apply(h, s, memo)
                for h in (*fh, *ph[:pending.chosen], *ph[pending.chosen + 1:])]
        self.add(hyps, apply(pc, s, memo), [apply(d, s, memo) for d in (*fd, *pd)])


class Record:
    """A clause, and what is needed of it again and again."""

    def __init__(self, clause):
        self.clause, self.variables = with_variables_from(clause, 0)
        # With other variables than any other has, for the time that it is compared with others.
        self.apart, _ = with_variables_from(clause, 1000000)
        # Each fact for itself, with the same variables in every clause.
        self.conclusion = renamed([clause[1]], 0)[0][0]
        self.hyps = [renamed([h], 0)[0][0] for h in clause[0]]
        self.symbols = symbols_of(clause)
        self.alive = True
        self.chosen = None


def with_variables_from(clause, base):
    hyps, conclusion, diseqs = clause
    facts, n = renamed([*hyps, conclusion, *diseqs], base)
    return (tuple(facts[:len(hyps)]), facts[len(hyps)], tuple(facts[len(hyps) + 1:])), n


def symbols_of(clause):
    """Of the terms in the hypotheses, and in the conclusion: an instance has all of them."""
    inside = 0
    for h in clause[0]:
        for a in h[1:]:
            inside |= symbols(a)
    concluded = 0
    for a in clause[1][1:]:
        concluded |= symbols(a)
    return inside, concluded


def root(f):
    """The symbol of a fact's first argument, or None."""
    return None if len(f) < 2 or f[1].__class__ is int else f[1][0]


def select(hyps, conclusion, ways):
    """Which hypothesis is to be resolved on. Any choice is right that never takes begin, and leaves
    none only where all that is left can be had by everybody: att(x). `ways` says how many clauses
    there are to get a fact by: those with the fewest go first."""
    best, best_rank = None, None
    for i, h in enumerate(hyps):
        if h[0] == "begin":
            continue
        if h[0] == "guess":
            if h[1].__class__ is not int or h[2].__class__ is not int:
                rank = (2, 0, -size(h))
            elif conclusion[0] == "bad":
                rank = (3, 0, i)
            else:
                continue
        elif h[1].__class__ is int:
            continue
        else:
            name = h[1][0].startswith("new ")
            rank = (0, ways(h), -size(h)) if name else (1, 0, -size(h))
        if best_rank is None or rank < best_rank:
            best, best_rank = i, rank
    return best


def subsumes(general, special):
    """True when an instance of `general` has the same conclusion, and no hypothesis that `special`
    has not: each of its own, so that no derivation grows by putting the one for the other."""
    if (general.symbols[0] & ~special.symbols[0] or general.symbols[1] & ~special.symbols[1]
            or len(general.hyps) > len(special.hyps)):
        return False
    gh, gc, gd = general.clause
    sh, sc, sd = special.apart
    if gc[0] != sc[0] and not (gc[0] == "att0" and sc[0] == "att1"):
        return False
    if gc[0] == sc[0] and not fits(general.conclusion, special.conclusion):
        return False
    fitting = []
    for h, alone in zip(gh, general.hyps):
        those = [at for at, other in enumerate(special.hyps) if fits(alone, other)]
        if not those:
            return False
        fitting.append((len(those), -size(h), h, those))
    s = match(make(sc[0], gc[1:]), sc, {})
    if s is None:
        return False
    fitting.sort(key=lambda f: f[:2])
    steps = 200  # not to see it costs time, and nothing else

    def go(i, s, used):
        nonlocal steps
        if i == len(fitting):
            return all(there(substituted(d, s), sd) for d in gd)
        _, _, h, those = fitting[i]
        for at in those:
            if at not in used:
                steps -= 1
                if steps < 0:
                    return False
                trial = match(h, sh[at], dict(s))
                if trial is not None and go(i + 1, trial, used | {at}):
                    return True
        return False
    return go(0, s, frozenset())


def there(d, diseqs):
    return d in diseqs or (d[0] == "differ" and make("differ", (d[2], d[1])) in diseqs)
