"""A file in ProVerif's language: what it declares and asks, with names and types resolved.

An argument of the wrong type is refused. Of equations and destructors only those are let in that
theory.py is right about; a destructor has one rule.
"""
import itertools
import re

from syntax import Reader, Refused
from terms import Term, terms
from theory import Theory, Unsupported, parts


class Model:
    def __init__(self, text):
        self.types = {"bitstring", "channel", "bool"}
        self.taken = set()
        self.symbols = {}     # name -> ([argument types], result type)
        self.free = {}        # name -> (type, is private)
        self.macros = {}
        self.processes = {}
        self.events = {}
        self.queries = []     # (text, kind, content)
        self.theory = Theory()
        self.destructors = {}  # name -> (left side, right side)
        self.main = None
        self.fresh = itertools.count(1)
        self.read(Reader(text))
        self.check_theory()

    def read(self, r):
        while r.peek() is not None:
            word = r.peek()
            handler = getattr(self, "read_" + word, None)
            if word == "process":
                r.take()
                self.main = r.process()
                if r.peek() is not None:
                    r.fail("expected the end")
                return
            if handler is None:
                r.fail("unknown declaration")
            r.take()
            handler(r)
            r.take(".")
        r.fail("no process")

    def check_theory(self):
        try:
            self.theory.check()
        except Unsupported as e:
            raise Refused(str(e)) from e
        for left, right in self.destructors.values():
            for side in (*left[1:], right):
                self.check_plain(side)

    def check_plain(self, t):
        """That t is as it stands: nothing in it rewrites."""
        for part in parts(terms(t)[0]):
            if self.theory.rules(part[0]) or part[0] in self.destructors:
                raise Refused(f"{part[0]} would be evaluated here")

    # ---- declarations ----

    def declare(self, name):
        if name in self.taken:
            raise Refused(f"{name} is declared twice")
        self.taken.add(name)
        return name

    def options(self, r, known):
        found = set(r.listed(r.name, "]")) if r.maybe("[") else set()
        if found - known:
            raise Refused(f"unknown option {', '.join(found - known)}")
        return found

    def known_type(self, kind):
        if kind not in self.types:
            raise Refused(f"unknown type {kind}")
        return kind

    def read_type(self, r):
        self.types.add(self.declare(r.name()))

    def read_free(self, r):
        names = r.typed()
        private = "private" in self.options(r, {"private"})
        for name, kind in names:
            self.free[self.declare(name)] = (self.known_type(kind), private)
            if not private:
                self.theory.public.add("new " + name)

    def read_const(self, r):
        for name, kind in r.typed():
            self.symbols[self.declare(name)] = ([], self.known_type(kind))
            self.theory.constants.add(name)
            self.theory.public.add(name)

    def read_fun(self, r):
        name = self.declare(r.name())
        r.take("(")
        kinds = [self.known_type(k) for k in r.listed(r.kind, ")")]
        r.take(":")
        self.symbols[name] = (kinds, self.known_type(r.kind()))
        self.theory.public.add(name)
        if "data" in self.options(r, {"data"}):
            self.theory.data.add(name)

    def variables(self, r):
        env = {}
        if r.maybe("forall"):
            for name, kind in r.typed_list(";"):
                env[name] = (next(self.fresh), self.known_type(kind))
        return env

    def read_equation(self, r):
        env = self.variables(r)
        left, kind = self.term(r.term(), env)
        r.take("=")
        right, other = self.term(r.term(), env)
        left, right = terms(left, right)
        if left.__class__ is not Term or kind != other or not left.variables:
            raise Refused(f"not an equation of one type: {left}")
        swap = right.__class__ is Term and right[0] == left[0]
        rules = self.theory.swaps if swap else self.theory.collapses
        rules[left[0]].append((left, right))

    def read_reduc(self, r):
        env = self.variables(r)
        tree = r.term()
        if tree[0] != "call":
            r.fail("expected a destructor")
        name = self.declare(tree[1])
        args = [self.term(t, env) for t in tree[2:]]
        r.take("=")
        right, result = self.term(r.term(), env)
        left, right = terms((name, *[a for a, _ in args]), right)
        self.symbols[name] = ([k for _, k in args], result)
        self.destructors[name] = (left, right)

    def read_letfun(self, r):
        name = self.declare(r.name())
        r.take("(")
        args = r.typed_list(")")
        r.take("=")
        self.macros[name] = (args, r.term())

    def read_event(self, r):
        name = self.declare(r.name())
        kinds = r.listed(r.kind, ")") if r.maybe("(") else []
        self.events[name] = [self.known_type(k) for k in kinds]

    def read_let(self, r):
        name = self.declare(r.name())
        args = r.typed_list(")") if r.maybe("(") else []
        r.take("=")
        self.processes[name] = (args, r.process())

    # ---- queries ----

    def read_weaksecret(self, r):
        name = r.name()
        if name not in self.free or not self.free[name][1]:
            raise Refused(f"weaksecret {name} is not a private free name")
        self.ask(f"weaksecret {name}", "weak", ("new " + name,))

    def read_query(self, r):
        env = {}
        if r.peek(1) in (",", ":"):
            for name, kind in r.typed_list(";"):
                env[name] = (next(self.fresh), self.known_type(kind))
        text = spelled(list(itertools.takewhile(
            lambda word: word != ".", (word for word, _ in r.tokens[r.at:]))))
        if r.maybe("attacker"):
            r.take("(")
            content, _ = self.term(r.term(), env)
            r.take(")")
            self.check_plain(content)
            self.ask(text, "secret", content)
            return
        end, injective = self.event_fact(r, env)
        r.take("==>")
        begins = [self.event_fact(r, env)]
        while r.maybe("&&"):
            begins.append(self.event_fact(r, env))
        if any(i != injective for _, i in begins):
            r.fail("inj-event on one side alone")
        self.ask(text, "follows", (end, [b for b, _ in begins], injective))

    def ask(self, text, kind, content):
        if text in [t for t, _, _ in self.queries]:
            raise Refused(f"asked twice: {text}")
        self.queries.append((text, kind, content))

    def event_fact(self, r, env):
        word = r.take()
        if word not in ("event", "inj-event"):
            r.fail("expected event")
        r.take("(")
        name = r.name()
        args = [self.term(t, env) for t in r.listed(r.term, ")")] if r.maybe("(") else []
        r.take(")")
        self.check(name, self.events.get(name), [k for _, k in args])
        for a, _ in args:
            self.check_plain(a)
        return ("ev " + name, *[a for a, _ in args]), word == "inj-event"

    # ---- terms ----

    def check(self, name, wanted, given):
        if wanted is None:
            raise Refused(f"unknown {name}")
        if given != wanted:
            raise Refused(f"{name} takes {wanted}, is given {given}")

    def term(self, tree, env):
        """The term and its type; macros are replaced, nothing is evaluated."""
        if tree[0] == "tuple":
            return ("tuple", *[self.term(t, env)[0] for t in tree[1:]]), "bitstring"
        name = tree[1]
        if tree[0] == "id":
            if name in env:
                return env[name]
            if name in self.free:
                return ("new " + name,), self.free[name][0]
            if name in self.symbols and self.symbols[name][0] == []:
                return (name,), self.symbols[name][1]
            raise Refused(f"unknown name {name}")
        args = [self.term(t, env) for t in tree[2:]]
        if name in self.macros:
            wanted, body = self.macros[name]
            self.check(name, [k for _, k in wanted], [k for _, k in args])
            return self.term(body, {n: a for (n, _), a in zip(wanted, args)})
        kinds, result = self.symbols.get(name, (None, None))
        self.check(name, kinds, [k for _, k in args])
        return (name, *[a for a, _ in args]), result


def spelled(words):
    text = " ".join(words)
    text = re.sub(r" ?\( ?", "(", text)
    return re.sub(r" ([),])", r"\1", text)
