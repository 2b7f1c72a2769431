"""Medians, ratios and tables."""
import statistics

MIB, GIB = 1 << 20, 1 << 30
SIDES = ("sender", "receiver", "relay")
BASELINE = "socat"
OURS = "tallow"
# Below, what starting costs hides what bytes cost.
RATE_SIZE_MIN = 64 * MIB


class Summary:
    """The counted runs of one tool with one set."""

    def __init__(self, sample, tool, runs):
        self.tool, self.size = tool, sample.size
        walls = [run.wall_s for run in runs]
        self.wall_s, self.wall_min_s, self.wall_max_s = (
            statistics.median(walls), min(walls), max(walls))
        self.cpu_s, self.peak_bytes = {}, {}
        for side in SIDES:
            usages = [getattr(run, side) for run in runs if getattr(run, side)]
            if usages:
                self.cpu_s[side] = statistics.median(usage.cpu_s for usage in usages)
                self.peak_bytes[side] = max(usage.peak_bytes for usage in usages)

    @property
    def cpu_s_per_gib(self):
        return sum(self.cpu_s.values()) * GIB / self.size

    def as_json(self):
        return {"tool": self.tool, "wall_s": self.wall_s, "wall_min_s": self.wall_min_s,
                "wall_max_s": self.wall_max_s, "cpu_s": self.cpu_s,
                "cpu_s_per_gib": self.cpu_s_per_gib, "peak_bytes": self.peak_bytes}


def ratio(above, below):
    return f"{above / below:.2f}" if above and below else "-"


def _sides(values, form):
    return " / ".join(form(values[side]) if side in values else "-" for side in SIDES)


def _seconds(value):
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def table(title, summaries):
    """One set. Both columns of ratios are of medians of this run."""
    walls = {summary.tool: summary.wall_s for summary in summaries}
    base, ours = walls.get(BASELINE), walls.get(OURS)
    columns = {
        "tool": lambda s: s.tool,
        "wall s (min..max)": lambda s: (
            f"{_seconds(s.wall_s)} ({_seconds(s.wall_min_s)}..{_seconds(s.wall_max_s)})"),
        f"wall / {BASELINE}": lambda s: ratio(s.wall_s, base),
        f"{OURS} / this": lambda s: ratio(ours, s.wall_s),
        "CPU s: sender / receiver / relay": lambda s: _sides(s.cpu_s, "{:.2f}".format),
        "peak MiB: sender / receiver / relay": lambda s: _sides(
            s.peak_bytes, lambda b: f"{b / MIB:.1f}"),
    }
    if summaries and summaries[0].size >= RATE_SIZE_MIN:
        columns["MiB/s"] = lambda s: f"{s.size / MIB / s.wall_s:.0f}"
        columns["CPU s/GiB"] = lambda s: f"{s.cpu_s_per_gib:.2f}"
    lines = [f"**{title}**", "", _row(columns), _row(["---"] * len(columns))]
    lines += [_row(cell(summary) for cell in columns.values()) for summary in summaries]
    return "\n".join(lines) + "\n"


def _row(cells):
    return f"| {' | '.join(cells)} |"


def head(machine, found, rounds):
    lines = [f"Medians of {rounds} interleaved rounds after one that is not counted.", ""]
    lines += [f"- {name}: {value}" for name, value in machine.items()]
    lines += [f"- {name}: {value}" for name, value in found.versions.items()]
    lines += [f"- {name}: skipped, {why}" for name, why in found.skipped.items()]
    lines += [f"- failed: {what}" for what in found.broken]
    return "\n".join(lines) + "\n"


def put_between_marks(text, mark, content):
    """Replaces what stands between `<!-- mark -->` and `<!-- /mark -->`."""
    begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise ValueError(f"the marks of {mark} are missing")
    return f"{before}{begin}{content.rstrip()}\n{end}{after}"
