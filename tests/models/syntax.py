"""Reads the part of ProVerif's typed language that models/ is written in: text to trees.

Known: free, const, type, fun, equation, reduc, letfun, event, query, weaksecret, let, process;
replication, parallel, new, in, out, let, if without else, event, phase. Everything else is refused.
"""
import re

TOKEN = re.compile(r"inj-event|==>|<>|&&|\|\||[A-Za-z][A-Za-z0-9_']*|\d+|[()\[\],;:.=!|]")

# The words of ProVerif's language, none of which may be a name.
RESERVED = frozenset("""
among axiom channel choice clauses const def diff do elimtrue else equation equivalence event expand
fail for forall foreach free fun get if implementation in insert lemma let letfun letproba new
noninterf noselect not nounif or otherwise out param phase pred proba process proof public_vars
putbegin query reduc restriction secret select set suchthat sync table then type weaksecret yield
""".split())


class Refused(Exception):
    """Not in the language, or not well typed."""


def tokens(text):
    text = re.sub(r"\(\*.*?\*\)", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    out, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = TOKEN.match(text, at)
        if not found:
            raise Refused(f"line {text.count(chr(10), 0, at) + 1}: {text[at:at + 20]!r}")
        out.append((found.group(), text.count("\n", 0, at) + 1))
        at = found.end()
    return out


class Reader:
    """Text to syntax trees, as nested tuples."""

    def __init__(self, text):
        self.tokens = tokens(text)
        self.at = 0

    def peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at][0] if at < len(self.tokens) else None

    def fail(self, said):
        line = self.tokens[min(self.at, len(self.tokens) - 1)][1]
        raise Refused(f"line {line}: {said}, found {self.peek()!r}")

    def take(self, want=None):
        got = self.peek()
        if got is None or (want is not None and got != want):
            self.fail(f"expected {want or 'more'}")
        self.at += 1
        return got

    def maybe(self, want):
        if self.peek() == want:
            self.at += 1
            return True
        return False

    def name(self):
        if not re.match(r"[A-Za-z]", self.peek() or "") or self.peek() in RESERVED:
            self.fail("expected a name")
        return self.take()

    def kind(self):
        return self.take() if self.peek() == "channel" else self.name()

    def listed(self, one, end):
        out = []
        if self.maybe(end):
            return out
        while True:
            out.append(one())
            if self.maybe(end):
                return out
            self.take(",")

    def typed(self):
        names = [self.name()]
        while self.maybe(","):
            names.append(self.name())
        self.take(":")
        kind = self.kind()
        return [(n, kind) for n in names]

    def typed_list(self, end):
        out = []
        if self.maybe(end):
            return out
        while True:
            out += self.typed()
            if self.maybe(end):
                return out
            self.take(",")

    def term(self):
        if self.maybe("("):
            parts = self.listed(self.term, ")")
            return parts[0] if len(parts) == 1 else ("tuple", *parts)
        name = self.name()
        if self.maybe("("):
            return ("call", name, *self.listed(self.term, ")"))
        return ("id", name)

    def pattern(self):
        if self.maybe("="):
            return ("same", self.term())
        if self.maybe("("):
            parts = self.listed(self.pattern, ")")
            return parts[0] if len(parts) == 1 else ("tuple", *parts)
        name = self.name()
        if self.maybe(":"):
            return ("bind", name, self.kind())
        return ("bind", name, None)

    # ---- processes ----

    def process(self):
        if self.maybe("("):
            parts = [self.process()]
            while self.maybe("|"):
                parts.append(self.process())
            self.take(")")
            return parts[0] if len(parts) == 1 else ("par", *parts)
        if self.maybe("0"):
            return ("nil",)
        if self.maybe("!"):
            return ("repeat", self.process())
        reader = getattr(self, "read_" + (self.peek() or ""), None)
        if reader is not None:
            self.take()
            return reader()
        name = self.name()
        args = self.listed(self.term, ")") if self.maybe("(") else []
        return ("run", name, args)

    def read_new(self):
        name = self.name()
        self.take(":")
        return ("new", name, self.kind(), self.then())

    def read_in(self):
        channel, pattern = self.sent(self.pattern)
        return ("in", channel, pattern, self.then())

    def read_out(self):
        channel, term = self.sent(self.term)
        return ("out", channel, term, self.then())

    def sent(self, what):
        self.take("(")
        channel = self.name()
        self.take(",")
        content = what()
        self.take(")")
        return channel, content

    def read_let(self):
        pattern = self.pattern()
        self.take("=")
        term = self.term()
        self.take("in")
        return ("let", pattern, term, self.process())

    def read_if(self):
        left = self.term()
        self.take("=")
        right = self.term()
        self.take("then")
        return ("let", ("same", left), right, self.process())

    def read_event(self):
        name = self.name()
        args = self.listed(self.term, ")") if self.maybe("(") else []
        return ("event", name, args, self.then())

    def read_phase(self):
        number = self.take()
        if number not in ("0", "1"):
            self.fail("only phases 0 and 1")
        return ("phase", int(number), self.then())

    def then(self):
        return self.process() if self.maybe(";") else ("nil",)
