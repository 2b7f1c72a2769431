"""Terms: tuples (symbol, argument...), in which variables are ints. Each is there once."""


class Term(tuple):
    """One object for each term, so that equal terms are the same and shared parts cost once."""
    __hash__ = object.__hash__

    def __eq__(self, other):
        return self is other

    def __ne__(self, other):
        return self is not other


table = {}
numbers = {}  # symbol -> its bit


def make(symbol, args):
    key = (symbol, *[a if a.__class__ is int else id(a) for a in args])
    t = table.get(key)
    if t is None:
        t = Term((symbol, *args))
        t.size = 1 + sum(1 if a.__class__ is int else a.size for a in args)
        t.symbols = 1 << numbers.setdefault(symbol, len(numbers))  # a bit for each that is in it
        for a in args:
            if a.__class__ is not int:
                t.symbols |= a.symbols
        t.variables = frozenset().union(
            *[(a,) if a.__class__ is int else a.variables for a in args])
        table[key] = t
    return t


def interned(t, memo):
    if t.__class__ is int or t.__class__ is Term:
        return t
    got = memo.get(id(t))
    if got is None:
        got = memo[id(t)] = (make(t[0], [interned(a, memo) for a in t[1:]]), t)
    return got[0]


def terms(*raw):
    memo = {}
    return [interned(t, memo) for t in raw]


def walk(t, s):
    while t.__class__ is int and t in s:
        t = s[t]
    return t


def occurs(v, t, s):
    seen, todo = set(), [t]
    while todo:
        t = walk(todo.pop(), s)
        if t.__class__ is int:
            if t == v:
                return True
        elif t not in seen:
            seen.add(t)
            if t.variables:
                todo.extend(t[1:])
    return False


def unify(a, b, s):
    """The substitution s, extended in place, or None."""
    todo, seen = [(a, b)], set()
    while todo:
        a, b = todo.pop()
        a, b = walk(a, s), walk(b, s)
        if a == b:
            continue
        if a.__class__ is int:
            if occurs(a, b, s):
                return None
            s[a] = b
        elif b.__class__ is int:
            if occurs(b, a, s):
                return None
            s[b] = a
        else:
            if a[0] != b[0] or len(a) != len(b) or not (a.variables or b.variables):
                return None
            if (a, b) not in seen:
                seen.add((a, b))
                todo.extend(zip(a[1:], b[1:]))
    return s


def mapped(t, variable, memo):
    """t with variable(v) in the place of each variable v. What became of a term is kept in memo."""
    if t.__class__ is int:
        return variable(t)
    if not t.variables:
        return t
    got = memo.get(t)
    if got is None:
        got = memo[t] = make(t[0], [mapped(a, variable, memo) for a in t[1:]])
    return got


def apply(t, s, memo=None):
    """t with what unify() found."""
    if memo is None:
        memo = {}

    def variable(v):
        r = s.get(v)
        return v if r is None else mapped(r, variable, memo)
    return mapped(t, variable, memo)


def substituted(t, s):
    """t with what match() found; what it found may hold variables of the same numbers."""
    return mapped(t, lambda v: s.get(v, v), {})


def match(pattern, t, s):
    """s such that pattern under s is t. In place, or None."""
    todo, seen = [(pattern, t)], set()
    while todo:
        p, t = todo.pop()
        if p.__class__ is int:
            have = s.get(p)
            if have is None:
                s[p] = t
            elif have != t:
                return None
        elif not p.variables:
            if p is not t:
                return None
        else:
            if t.__class__ is int or p[0] != t[0] or len(p) != len(t):
                return None
            if p.size > t.size or p.symbols & ~t.symbols:
                return None
            if (p, t) not in seen:
                seen.add((p, t))
                todo.extend(zip(p[1:], t[1:]))
    return s


fitting = {}  # (pattern, term) -> whether they match


def forget():
    """Starts anew: terms made before are not to be used with those made after."""
    for known in (table, numbers, fitting):
        known.clear()


def fits(pattern, t):
    """Whether pattern matches t, each with variables of its own. Remembered: ask it of terms whose
    variables count from 0."""
    got = fitting.get((pattern, t))
    if got is None:
        got = fitting[pattern, t] = match(pattern, t, {}) is not None
    return got


def size(t):
    return 1 if t.__class__ is int else t.size


def symbols(t):
    return 0 if t.__class__ is int else t.symbols


def vars_of(t):
    return (t,) if t.__class__ is int else t.variables


def renamed(facts, base):
    names, memo = {}, {}

    def variable(v):
        return names.setdefault(v, base + len(names))
    return [mapped(t, variable, memo) for t in facts], len(names)
