"""Symbols, and how they rewrite."""
import collections

from terms import Term, apply, make, match, renamed, substituted, unify, vars_of


class Unsupported(Exception):
    """Equations that the prover would not be right about."""


def parts(t):
    """All subterms that are not variables, t among them."""
    if t.__class__ is Term:
        yield t
        for a in t[1:]:
            yield from parts(a)


def count(t, v):
    if t.__class__ is int:
        return int(t == v)
    return sum(count(a, v) for a in t[1:])


class Theory:
    """Two kinds of equations: *collapses*, f(..) = something that no equation is about, which
    together have one normal form for every term; and *swaps*, f(g(b,x),y) = f(g(b,y),x), one of
    whose sides is taken.
    """

    def __init__(self):
        self.data = {"tuple"}
        self.constants = set()  # that everybody knows
        self.public = set()     # symbols that everybody applies, names that everybody knows
        self.known_reducible, self.known_moving, self.known_canonical = {}, {}, {}
        self.collapses = collections.defaultdict(list)  # symbol -> (left side, right side)
        self.swaps = collections.defaultdict(list)

    def rules(self, symbol):
        return self.collapses.get(symbol, []) + self.swaps.get(symbol, [])

    # ---- what is let in ----

    def check(self):
        """Evaluation applies one rule where the symbol stands, to arguments that are normal: that
        finds every normal form as long as what this looks for holds."""
        for rules in self.collapses.values():
            for left, right in rules:
                self.check_collapse(left, right)
        self.check_overlaps([rule for rules in self.collapses.values() for rule in rules])
        for symbol, rules in self.swaps.items():
            self.check_swap(symbol, rules)

    def check_collapse(self, left, right):
        # With each step there are fewer symbols that have rules: so it comes to an end.
        if any(self.rules(t[0]) for t in parts(right)):
            raise Unsupported(f"{left}: the right side can rewrite")
        if any(count(right, v) > count(left, v) for v in vars_of(right)):
            raise Unsupported(f"{left}: the right side repeats a variable")
        if left[0] in self.data or any(a[0] in self.swaps for a in parts(left)):
            raise Unsupported(f"{left}: of data, or of what swaps")

    def check_overlaps(self, rules):
        for left, right in rules:
            for left2, right2 in rules:
                left2, right2 = renamed([left2, right2], 1 + max(left.variables, default=0))[0]
                for inner in parts(left):
                    s = unify(inner, left2, {})
                    if s is None:
                        continue
                    one = self.canonical(apply(right, s))
                    other = self.canonical(apply(replaced(left, inner, right2), s))
                    if one != other:
                        raise Unsupported(f"{left} and {left2} have two results")

    def check_swap(self, symbol, rules):
        (left, right), *more = rules
        inner = left[1]
        if (more or symbol in self.collapses or len(left) != 3 or left[2].__class__ is not int
                or inner.__class__ is not Term or any(self.rules(t[0]) for t in parts(inner))):
            raise Unsupported(f"{left}: not a swap")
        s = match(left, right, {})
        x, y = inner[-1], left[2]
        if (s is None or x.__class__ is not int or x == y or s[x] != y or s[y] != x
                or any(s[v] != v for v in left.variables - {x, y}) or count(left, x) != 1):
            raise Unsupported(f"{left}: not a swap")

    # ---- what it says of terms ----

    def reducible(self, t):
        """True when no instance of t is in normal form. Of the two sides of a swap that is the one
        with the greater symbol first, as far as the symbols differ."""
        if t.__class__ is int:
            return False
        got = self.known_reducible.get(t)
        if got is None:
            got = (any(match(left, t, {}) is not None
                       for left, _ in self.collapses.get(t[0], ()))
                   or any(self.turned(left, t) for left, _ in self.swaps.get(t[0], ()))
                   or any(map(self.reducible, t[1:])))
            self.known_reducible[t] = got
        return got

    @staticmethod
    def turned(left, t):
        if match(left, t, {}) is None:
            return False
        x, y = t[1][-1], t[2]
        return x.__class__ is Term and y.__class__ is Term and x[0] > y[0]

    def moving(self, t):
        """True when instances of t may be equal to what t does not unify with."""
        if t.__class__ is int:
            return False
        got = self.known_moving.get(t)
        if got is None:
            got = self.known_moving[t] = bool(self.rules(t[0])) or any(map(self.moving, t[1:]))
        return got

    def canonical(self, t):
        """The same for all terms that are equal; of terms with variables, for some of them."""
        if t.__class__ is int:
            return t
        got = self.known_canonical.get(t)
        if got is not None:
            return got
        out = make(t[0], [self.canonical(a) for a in t[1:]])
        for left, right in self.collapses.get(t[0], ()):
            s = match(left, out, {})
            if s is not None:
                out = self.canonical(substituted(right, s))
                break
        for left, right in self.swaps.get(out[0], ()) if out.__class__ is Term else ():
            s = match(left, out, {})
            if s is not None:
                other = substituted(right, s)
                if self.turned(left, out) or (not self.turned(left, other)
                                              and repr(other) < repr(out)):
                    out = other
        self.known_canonical[t] = out
        return out


def replaced(t, inner, by):
    if t is inner:
        return by
    if t.__class__ is int:
        return t
    return make(t[0], [replaced(a, inner, by) for a in t[1:]])
