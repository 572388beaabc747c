"""What was found, against its goals and its floor: a table for people, results.json, results.svg."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import rich.console
import rich.table

from bench import goals, measure

MARKS = {True: "[green]yes[/]", False: "[bold red]no[/]", None: ""}


@dataclass(frozen=True)
class Check:
    """One goal, what was found of it, and whether it is reached."""

    what: str
    found: float
    goal: float
    met: bool


def checks(sizes: Sequence[measure.Size], dump: dict[str, Any] | None = None) -> list[Check]:
    """Hold what was found against the goals."""
    done = [check for each in sizes for check in (*_of_work(each), *_of_service(each))]
    if len(sizes) > 1:
        small, large = sizes[0], sizes[-1]
        for goal in goals.GOALS:
            cost = large.figures[goal.name].cpu / max(small.figures[goal.name].cpu, 0.001) - 1
            what = f"{goal.title}: its cost at {large.size:,} above that at {small.size:,}"
            done.append(Check(what, round(cost, 3), goals.SPREAD, cost <= goals.SPREAD))
    if dump:
        found = dump["first_answer"]
        what = f"first answer on a schema of {dump['tables']} tables, s"
        done.append(Check(what, round(found, 2), goals.FIRST_ANSWER, found <= goals.FIRST_ANSWER))
    return done


def _of_work(each: measure.Size) -> list[Check]:
    done, at = [], f"at {each.size:,}"
    for goal in goals.GOALS:
        found = each.figures[goal.name]
        if goal.cpu is not None:
            done.append(Check(f"{goal.title} {at}: CPU, ms", found.cpu, goal.cpu, found.cpu <= goal.cpu))
        if goal.rate is not None:
            done.append(Check(f"{goal.title} {at}: rate, /s", found.rate, goal.rate, found.rate >= goal.rate))
        wrong = sum(found.errors.values())
        done.append(Check(f"{goal.title} {at}: errors", wrong, 0, wrong == 0))
    times = each.figures["bulk"].rate / max(each.figures["post"].rate, 0.001)
    done.append(Check(f"Bulk {at}: times single creates", round(times, 2), goals.BULK, times >= goals.BULK))
    more = each.figures["group_many"].cpu / max(each.figures["group_few"].cpu, 0.001) - 1
    what = f"a member for a group of {each.members:,} {at}: cost above that for one of ten"
    done.append(Check(what, round(more, 3), goals.GROUP, more <= goals.GROUP))
    return done


def _of_service(each: measure.Size) -> list[Check]:
    at = f"at {each.size:,}"
    growth = each.memory_end / each.memory_warm - 1
    return [
        Check(
            f"memory of a worker {at} after {each.requests:,} requests, MB",
            round(each.memory_end, 1),
            goals.MEMORY,
            each.memory_end <= goals.MEMORY,
        ),
        Check(f"its growth {at} over the soak", round(growth, 3), goals.GROWTH, growth <= goals.GROWTH),
        Check(
            f"first answer {at}, {each.tables} tables, s",
            round(each.first_answer, 2),
            goals.FIRST_ANSWER,
            each.first_answer <= goals.FIRST_ANSWER,
        ),
    ]


def show(console: rich.console.Console, each: measure.Size) -> None:
    """Print the table of one size."""
    table = rich.table.Table(title=f"{each.size:,} customers", title_justify="left", header_style="bold")
    table.add_column("work")
    for name in ("CPU ms", "goal", "floor", "rate/s", "goal", "floor", "p50 ms", "p99 ms", "errors"):
        table.add_column(name, justify="right")
    table.add_column("met")
    for goal in (goal for goal in goals.GOALS if goal.name in each.figures):
        found, floor = each.figures[goal.name], each.floor.get(goal.name)
        met = None
        if goal.cpu is not None and goal.rate is not None:
            met = found.cpu <= goal.cpu and found.rate >= goal.rate
        if found.errors:
            met = False
        table.add_row(
            goal.title,
            f"{found.cpu:.2f}",
            _number("≤ {:g}", goal.cpu),
            f"{floor.cpu:.2f}" if floor else "",
            f"{found.rate:,.0f}",
            _number("≥ {:g}", goal.rate),
            f"{floor.rate:,.0f}" if floor else "",
            f"{found.p50:.1f}",
            f"{found.p99:.1f}",
            ", ".join(f"{count} x {kind}" for kind, count in found.errors.items()),
            MARKS[met],
        )
    console.print(table)
    console.print(
        f"A worker has {each.memory_start:.0f} MB at first, {each.memory_warm:.0f} MB after every kind of work,"
        f" {each.memory_end:.0f} MB after {each.requests:,} requests;"
        f" the first answer came after {each.first_answer:.2f} s ({each.tables} tables);"
        f" the large group has {each.members:,} members.\n"
    )
    for name, found in each.figures.items():
        if found.sample:
            console.print(f"{name}: {found.sample}", markup=False)
    console.file.flush()  # the next size takes minutes


def conclude(console: rich.console.Console, done: Sequence[Check]) -> None:
    """Print the goals that are missed."""
    missed = [check for check in done if not check.met]
    for check in missed:
        console.print(f"[bold red]missed[/] {check.what}: {check.found:g}, goal {check.goal:g}", highlight=False)
    console.print(f"{len(done) - len(missed)} of {len(done)} goals are met.")


def write(path: Path, sizes: Sequence[measure.Size], done: Sequence[Check], about: dict[str, Any]) -> None:
    """Write results.json."""
    whole = {**about, "sizes": [each.plain() for each in sizes], "checks": [asdict(check) for check in done]}
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def plot(path: Path, sizes: Sequence[measure.Size]) -> None:
    """Draw rate and p99 over the shop's size into results.svg."""
    import matplotlib  # here, so that the rest does without it

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams |= {"svg.hashsalt": "magento-scim", "font.size": 9}
    figure, both = pyplot.subplots(1, 2, figsize=(11, 5), layout="constrained")
    places = [each.size for each in sizes]
    for axes, what, title in zip(both, ("rate", "p99"), ("requests per second", "p99, ms"), strict=True):
        for number, goal in enumerate(goals.GOALS):
            values = [getattr(each.figures[goal.name], what) for each in sizes]
            axes.plot(places, values, "os^D"[number % 4] + "-", color=f"C{number % 10}", label=goal.title, markersize=4)
        axes.set(xscale="log", yscale="log", title=title, xlabel="customers in the shop")
        axes.set_xticks(places, [f"{place:,}" for place in places])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    figure.legend(*both[0].get_legend_handles_labels(), loc="outside right center", frameon=False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _number(form: str, value: float | None) -> str:
    return "" if value is None else form.format(value)
