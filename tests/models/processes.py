"""Processes to Horn clauses: every output, and every event that is asked after, gives clauses.

A new name is a function of where it stands and of all that the run has read before it, the number
of its copy among that. Channels are public. What a run reads, the attacker knows in that phase.
"""
from syntax import Refused
from terms import apply, renamed, terms, unify


class Translation:
    def __init__(self, model, begins, ends, put):
        self.model, self.begins, self.ends, self.put = model, begins, ends, put
        self.theory = model.theory
        self.last_phase = 0
        self.places = {}
        self.calls = ()

    def fresh(self):
        return next(self.model.fresh)

    def run(self):
        self.walk(self.model.main, {}, [], [], 0, {})

    # ---- terms ----

    def evaluate(self, t, s):
        """All results of t under the equations: pairs (substitution, term). A destructor that
        matches nothing has none. What is bound has been evaluated where it was bound."""
        if t.__class__ is int or len(t) == 1 or t[0].startswith("new "):
            yield s, terms(t)[0]
            return
        destructor = self.model.destructors.get(t[0])
        rules = [destructor] if destructor else self.theory.rules(t[0])
        for s2, args in self.arguments(t, 1, s, []):
            whole = terms((t[0], *args))[0]
            if not destructor:
                yield s2, whole
            for rule in rules:
                left, right = self.with_own_variables(rule)
                s3 = unify(left, whole, dict(s2))
                if s3 is not None:
                    yield s3, right

    def with_own_variables(self, rule):
        base = self.fresh()
        sides, n = renamed(list(rule), base)
        while self.fresh() < base + n:
            pass
        return sides

    def arguments(self, t, i, s, done):
        if i == len(t):
            yield s, tuple(done)
            return
        for s2, a in self.evaluate(t[i], s):
            yield from self.arguments(t, i + 1, s2, [*done, a])

    # ---- processes ----

    def walk(self, p, env, hyps, path, phase, s):
        """env: what names mean; hyps: what was read and said so far; path: what tells this run from
        others; s: what the equations made of variables."""
        kind = p[0]
        if kind == "nil":
            return
        if kind == "par":
            for q in p[1:]:
                self.walk(q, env, hyps, path, phase, s)
        elif kind == "repeat":
            self.walk(p[1], env, hyps, [*path, self.fresh()], phase, s)
        elif kind == "phase":
            if p[1] < phase:
                raise Refused("a phase that is over")
            self.last_phase = max(self.last_phase, p[1])
            self.walk(p[2], env, hyps, path, p[1], s)
        elif kind == "new":
            name = f"new {p[1]} {self.place(p)}"
            self.model.known_type(p[2])
            self.walk(p[3], {**env, p[1]: ((name, *path), p[2])}, hyps, path, phase, s)
        else:
            getattr(self, "walk_" + kind)(p, env, hyps, path, phase, s)

    def place(self, p):
        """A number for each place in the text, once for each way that it was called."""
        return self.places.setdefault((self.calls, id(p)), len(self.places) + 1)

    def walk_run(self, p, env, hyps, path, phase, s):
        if p[1] not in self.model.processes:
            raise Refused(f"unknown process {p[1]}")
        wanted, body = self.model.processes[p[1]]
        args = [self.model.term(t, env) for t in p[2]]
        self.model.check(p[1], [k for _, k in wanted], [k for _, k in args])
        before = self.calls
        self.calls = (*before, id(p))
        for s2, values in self.arguments(("run", *[a for a, _ in args]), 1, s, []):
            inner = {}
            s3 = dict(s2)
            for (name, kind), value in zip(wanted, values):
                v = self.fresh()
                s3[v] = value
                inner[name] = (v, kind)
            self.walk(body, inner, hyps, path, phase, s3)
        self.calls = before

    def walk_in(self, p, env, hyps, path, phase, s):
        self.check_channel(p[1], env)
        new_env, wanted = dict(env), []
        got = self.bind(p[2], new_env, wanted, env, None)
        for s2 in self.equal(wanted, s):
            self.walk(p[3], new_env, [*hyps, (f"att{phase}", got)], [*path, got], phase, s2)

    def walk_let(self, p, env, hyps, path, phase, s):
        term, kind = self.model.term(p[2], env)
        for s2, value in self.evaluate(term, s):
            new_env, wanted = dict(env), []
            got = self.bind(p[1], new_env, wanted, env, kind)
            s3 = unify(terms(got)[0], value, dict(s2))
            if s3 is not None:
                for s4 in self.equal(wanted, s3):
                    self.walk(p[3], new_env, hyps, path, phase, s4)

    def walk_out(self, p, env, hyps, path, phase, s):
        self.check_channel(p[1], env)
        term, _ = self.model.term(p[2], env)
        for s2, value in self.evaluate(term, s):
            self.clause(hyps, (f"att{phase}", value), s2)
        self.walk(p[3], env, hyps, path, phase, s)

    def walk_event(self, p, env, hyps, path, phase, s):
        args = [self.model.term(t, env) for t in p[2]]
        self.model.check(p[1], self.model.events.get(p[1]), [k for _, k in args])
        # Which step of which run: no two events that happen have the same.
        where = ("step", (f"place {self.place(p)}",), *path)
        for s2, value in self.evaluate(("ev " + p[1], *[a for a, _ in args]), s):
            if p[1] in self.ends:
                self.clause(hyps, ("end", value, where), s2)
            said = [("begin", value, where)] if p[1] in self.begins else []
            self.walk(p[3], env, [*hyps, *said], path, phase, s2)

    def check_channel(self, name, env):
        if name in env or self.model.free.get(name) != ("channel", False):
            raise Refused(f"{name} is not a public channel")

    def bind(self, pattern, env, wanted, old, kind):
        """The pattern as a term of new variables, which go to env; what has to be equal goes to
        wanted, its terms in the sense that names had before."""
        if pattern[0] == "same":
            term, kind2 = self.model.term(pattern[1], old)
            if kind not in (None, kind2):
                raise Refused(f"types {kind} and {kind2} are compared")
            wanted.append((self.fresh(), term))
            return wanted[-1][0]
        if pattern[0] == "tuple":
            if kind not in (None, "bitstring"):
                raise Refused(f"{kind} is taken for a tuple")
            return ("tuple", *[self.bind(q, env, wanted, old, None) for q in pattern[1:]])
        if (pattern[2] or kind) is None or kind not in (None, pattern[2] or kind):
            raise Refused(f"{pattern[1]} has no type, or another one")
        v = self.fresh()
        env[pattern[1]] = (v, self.model.known_type(pattern[2] or kind))
        return v

    def equal(self, wanted, s):
        if not wanted:
            yield s
            return
        (v, term), rest = wanted[0], wanted[1:]
        for s2, value in self.evaluate(term, s):
            s3 = unify(v, value, dict(s2))
            if s3 is not None:
                yield from self.equal(rest, s3)

    def clause(self, hyps, conclusion, s):
        memo = {}
        facts = [apply(f, s, memo) for f in terms(*hyps, conclusion)]
        self.put(facts[:-1], facts[-1])
