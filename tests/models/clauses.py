"""What a clause amounts to, in smaller clauses: every step here keeps what can be derived.

A clause is (hypotheses, conclusion, disequalities). The facts:
  att0(m), att1(m)  the attacker knows m, in the phase
  begin(e, w), end(e, w)  an event, and which step of which run says it
  guess(m, n)  the attacker has m if its guess is right, n if it is wrong; bad: it can tell
  goal(..)  what a query asks for
The disequalities: differ(a, b); unlike(f(_, ..), a): a is not made by f with as many arguments;
closed(f(), k, m): m is not f(k, ..).
"""
import collections
import itertools

from terms import Term, apply, make, unify, vars_of

ATT = ("att0", "att1")


class Simplifier:
    def __init__(self, theory):
        self.theory = theory
        self.spare = itertools.count(10000000)  # variables

    def clauses(self, hyps, conclusion, diseqs):
        """The clauses that this one amounts to."""
        todo = [(tuple(hyps), conclusion, tuple(diseqs))]
        while todo:
            clause = todo.pop()
            for step in (self.concluded_data, self.known_data, self.paired_data, self.one_to_one,
                         self.disequal):
                more = step(*clause)
                if more is not None:
                    todo += more
                    break
            else:
                left = self.tidied(*clause)
                if left is not None:
                    yield left

    def data(self, t):
        return t.__class__ is Term and t[0] in self.theory.data

    def pair_of_data(self, f):
        return (f[0] == "guess" and self.data(f[1]) and f[2].__class__ is Term
                and f[1][0] == f[2][0] and len(f[1]) == len(f[2]))

    # ---- steps: the clauses to go on with, or None where there is nothing to do ----

    def concluded_data(self, hyps, conclusion, diseqs):
        """Data is taken apart by everybody."""
        if conclusion[0] in ATT and self.data(conclusion[1]):
            return [(hyps, make(conclusion[0], (a,)), diseqs) for a in conclusion[1][1:]]
        if self.pair_of_data(conclusion):
            return [(hyps, make("guess", pair), diseqs)
                    for pair in zip(conclusion[1][1:], conclusion[2][1:])]
        return None

    def known_data(self, hyps, conclusion, diseqs):
        """Data is put together by everybody."""
        out = []
        for h in hyps:
            if h[0] in ATT and self.data(h[1]):
                out += [make(h[0], (a,)) for a in h[1][1:]]
            elif self.pair_of_data(h):
                out += [make("guess", pair) for pair in zip(h[1][1:], h[2][1:])]
            else:
                out.append(h)
        return None if out == list(hyps) else [(tuple(out), conclusion, diseqs)]

    def paired_data(self, hyps, conclusion, diseqs):
        """What pairs data with anything but data is noticed, by clauses of their own, which are
        those with unlike; so in all others a variable beside data is data."""
        if any(d[0] == "unlike" for d in diseqs):
            return None
        for h in hyps:
            if h[0] != "guess":
                continue
            for one, other in ((h[1], h[2]), (h[2], h[1])):
                if self.data(one) and other.__class__ is int:
                    s = {other: make(one[0], [next(self.spare) for _ in one[1:]])}
                    return [substitute((hyps, conclusion, diseqs), s)]
        return None

    def one_to_one(self, hyps, conclusion, diseqs):
        """What pairs one term with two others is noticed, by clauses of their own, which are those
        with a disequality of the two; so everywhere else the pairs are one to one."""
        if conclusion[0] not in ("guess", "bad"):
            return None
        known = [make("guess", (a, a)) for h in hyps if h[0] == "guess" for a in h[1:]
                 if a.__class__ is Term and a[0] in self.theory.constants]
        pairs = [h if h[0] == "guess" else make("guess", (h[1], h[1])) for h in hyps
                 if h[0] in ("guess", *ATT)]
        for g, h in itertools.combinations(known + pairs, 2):
            for i, k in ((1, 2), (2, 1)):
                if g[i] != h[i] or g[k] == h[k]:
                    continue
                if conclusion[0] == "bad" and len(hyps) == 2 and diseqs:
                    continue
                s = unify(g[k], h[k], {})
                return [] if s is None else [substitute((hyps, conclusion, diseqs), s)]
        return None

    def disequal(self, hyps, conclusion, diseqs):
        for at, d in enumerate(diseqs):
            rest = (*diseqs[:at], *diseqs[at + 1:])
            if d[0] == "unlike" and d[2].__class__ is Term:
                alike = d[2][0] == d[1][0] and len(d[2]) == len(d[1])
                return [] if alike else [(hyps, conclusion, rest)]
            if d[0] == "closed" and d[3].__class__ is Term:
                if d[3][0] != d[1][0]:
                    return [(hyps, conclusion, rest)]
                return [(hyps, conclusion, (*rest, make("differ", (d[2], d[3][1]))))]
            if d[0] == "differ":
                more = self.differ(d)
                if more is not None:
                    return [(hyps, conclusion, rest + m) for m in more]
        return None

    def differ(self, d):
        """The ways to be different, each a tuple of disequalities; None: no simpler than this."""
        theory = self.theory
        a, b = theory.canonical(d[1]), theory.canonical(d[2])
        if a == b:
            return []
        if not (theory.moving(a) or theory.moving(b)) and unify(a, b, {}) is None:
            return [()]
        if (a.__class__ is Term and b.__class__ is Term and a[0] == b[0] and len(a) == len(b)
                and not theory.rules(a[0])):
            return [(make("differ", (x, y)),) for x, y in zip(a[1:], b[1:]) if x != y]
        return None if (a, b) == (d[1], d[2]) else [(make("differ", (a, b)),)]

    # ---- at the end ----

    def tidied(self, hyps, conclusion, diseqs):
        """The clause without what says nothing; None where all of it says nothing."""
        hyps, diseqs = tuple(dict.fromkeys(hyps)), tuple(dict.fromkeys(diseqs))
        if conclusion in hyps or self.later(hyps, conclusion):
            return None
        if any(map(self.theory.reducible, (*hyps, conclusion))):
            return None
        hyps = self.needed(hyps)
        uses = collections.Counter()
        for f in (*hyps, conclusion, *diseqs):
            uses.update(vars_of(f))
        return tuple(h for h in hyps if not anything(h, uses)), conclusion, diseqs

    def needed(self, hyps):
        """The hypotheses without those that the attacker makes of the others, or has anyway."""
        public = self.theory.public
        out = list(hyps)
        for h in sorted((h for h in hyps if h[0] in ATT and h[1].__class__ is Term),
                        key=lambda h: -h[1].size):
            knowing = ("att0",) if h[0] == "att0" else ATT
            others = {g[1] for g in out if g[0] in knowing and g is not h}

            def made(t):
                return t in others or (
                    t.__class__ is Term and (t[0] in public or t[0] in self.theory.data)
                    and all(map(made, t[1:])))
            if made(h[1]):
                out.remove(h)
        return tuple(out)

    @staticmethod
    def later(hyps, conclusion):
        """att0(m) -> att1(m), of which there is one clause for all m."""
        m = conclusion[1] if conclusion[0] == "att1" else None
        return (m is not None and make("att0", (m,)) in hyps
                and (len(hyps) > 1 or m.__class__ is Term))


def anything(h, uses):
    """True of att(x) with x nowhere else: the attacker knows something."""
    return (h[0] in ("att0", "att1", "guess") and all(a.__class__ is int for a in h[1:])
            and all(uses[a] == 1 for a in h[1:]) and len(set(h[1:])) == len(h) - 1)


def substitute(clause, s):
    hyps, conclusion, diseqs = clause
    memo = {}
    return (tuple(apply(h, s, memo) for h in hyps), apply(conclusion, s, memo),
            tuple(apply(d, s, memo) for d in diseqs))
