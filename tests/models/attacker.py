"""What the attacker can do, as Horn clauses."""


def attacker_clauses(model, last_phase, put):
    for phase in range(last_phase + 1):
        att = f"att{phase}"
        for name, (kinds, _) in model.symbols.items():
            if name in model.theory.data:
                continue
            rules = model.theory.rules(name)
            if name in model.destructors:
                rules = [model.destructors[name]]
            else:
                variables = tuple(range(1, len(kinds) + 1))
                put([(att, v) for v in variables], (att, (name, *variables)))
            for left, right in rules:
                put([(att, a) for a in left[1:]], (att, right))
    put([], ("att0", ("fresh of the attacker", 1)))
    for name, (_, private) in model.free.items():
        if not private:
            put([], ("att0", ("new " + name,)))
    if last_phase:
        put([("att0", 1)], ("att1", 1))
