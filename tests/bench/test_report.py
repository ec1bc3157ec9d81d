"""What the harness makes of figures: medians, ratios, verdicts, tables, plots. Nothing is measured here."""

from __future__ import annotations

from typing import cast
from xml.etree import ElementTree

import pytest

from bench.lab import Lab
from bench.load import Order
from bench.plots import line_plot
from bench.report import HEAD, markdown_table, results, rows_of, short, terminal_table
from bench.targets import TARGETS, Judged, Target, judge, ratio
from bench.trial import Curve, Figure, Side, Trial, quantile, quantiles

SVG = "{http://www.w3.org/2000/svg}"


def trial(*figures: Figure, quick: bool = True) -> Trial:
    return Trial(cast("Lab", None), quick, {figure.name: figure for figure in figures})


def judged(value: float | None, *, passes: float, aim: float, at_most: bool = False) -> Judged:
    return Judged(Target("one", "one", "", passes, aim, at_most), value, "ms")


def test_a_figure_is_the_median_of_its_rounds() -> None:
    assert Figure("one", "ms", [9.0, 1.0, 2.0]).median == 2.0
    assert Figure("one", "ms", [1.0, 2.0]).median == 1.5


def test_sides_are_measured_in_turns() -> None:
    order: list[str] = []
    run = trial()

    def side(name: str) -> Side:
        def measure() -> float:
            order.append(name)
            return 1.0

        return Side(name, "s", measure)

    run.take_turns([side("a"), side("b")], rounds=3)

    assert order == ["a", "b", "a", "b", "a", "b"]
    assert run.figures["a"].values == [1.0, 1.0, 1.0]


def test_a_full_run_takes_five_rounds_and_a_quick_one_fewer() -> None:
    assert trial(quick=False).rounds == 5
    assert trial(quick=True).rounds == 3


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    over, under = Figure("over", "s", [10.0, 40.0, 30.0]), Figure("under", "s", [5.0, 10.0, 10.0])

    assert ratio(over, under) == 3.0


def test_a_ratio_of_different_rounds_is_that_of_the_medians() -> None:
    over, under = Figure("over", "s", [10.0, 40.0, 30.0]), Figure("under", "s", [5.0])

    assert ratio(over, under) == 6.0


@pytest.mark.parametrize(
    ("value", "verdict", "reaches_aim"),
    [(24.9, "short", False), (25.0, "pass", False), (39.9, "pass", False), (40.0, "pass", True)],
)
def test_a_value_passes_from_its_bound_on(value: float, verdict: str, reaches_aim: bool) -> None:
    one = judged(value, passes=25, aim=40)

    assert (one.verdict, one.reaches_aim) == (verdict, reaches_aim)


@pytest.mark.parametrize(
    ("value", "verdict", "reaches_aim"),
    [(250.1, "short", False), (250.0, "pass", False), (50.1, "pass", False), (50.0, "pass", True)],
)
def test_a_value_that_is_to_be_small_passes_up_to_its_bound(value: float, verdict: str, reaches_aim: bool) -> None:
    one = judged(value, passes=250, aim=50, at_most=True)

    assert (one.verdict, one.reaches_aim) == (verdict, reaches_aim)


def test_what_was_not_measured_neither_passes_nor_falls_short() -> None:
    one = judged(None, passes=1, aim=2)

    assert (one.verdict, one.reaches_aim) == ("not measured", False)


def test_every_promise_is_judged_and_none_is_invented() -> None:
    found = judge({"engine_hot_256": Figure("engine_hot_256", "commands/s", [600.0])})

    assert [one.target for one in found] == list(TARGETS)
    assert {one.verdict for one in found} == {"not measured"}


def test_results_hold_figures_and_promises_with_their_targets() -> None:
    run = trial(
        Figure("engine_hot_256", "commands/s", [900.0, 600.0, 1200.0]),
        Figure("plain_hot_16", "commands/s", [3.0, 2.0, 3.0]),
        Figure("warm_account_bytes", "bytes", [700.0]),
    )

    found = results(judge(run.figures), run)

    assert found == [
        {"name": "engine_hot_256", "value": 900.0, "unit": "commands/s", "target": None},
        {"name": "plain_hot_16", "value": 3.0, "unit": "commands/s", "target": None},
        {"name": "warm_account_bytes", "value": 700.0, "unit": "bytes", "target": 1500},
        {"name": "engine_hot_256 / plain_hot_16", "value": 300.0, "unit": "ratio", "target": 300},
    ]


def test_names_of_results_are_unique() -> None:
    names = [target.name for target in TARGETS]

    assert len(set(names)) == len(names)


def test_the_table_shows_value_bounds_and_verdict() -> None:
    run = trial(Figure("view_lag_p99_ms", "ms", [61.04]), Figure("view_lag_p50_ms", "ms", [12.0]))

    rows = rows_of(judge(run.figures), run)

    assert ["view_lag_p99_ms", "61", "ms", "at most 250", "50", "pass"] in rows
    assert rows[-1] == ["view_lag_p50_ms", "12", "ms", "", "", ""]
    assert terminal_table(rows).splitlines()[0].split() == HEAD[:-1]
    assert len(markdown_table(rows).splitlines()) == 2 + len(rows)


def test_figures_are_written_with_the_digits_they_deserve() -> None:
    assert [short(value) for value in (24_312.7, 99.94, 1.2345, 0.0871)] == ["24,313", "99.9", "1.23", "0.0871"]


def test_quantiles_are_values_that_were_measured() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]

    assert dict(quantiles(values))[50] == 3.0
    assert dict(quantiles(values))[99.9] == 5.0
    assert quantile([], 0.99) == 0.0


@pytest.mark.parametrize(("log_x", "log_y"), [(False, False), (True, False), (False, True), (True, True)])
def test_a_plot_is_well_formed_and_inside_its_frame(log_x: bool, log_y: bool) -> None:
    curves = [Curve("hot & warm", [(1.0, 300.0), (16.0, 9_000.0), (1024.0, 24_000.0)]), Curve("one", [(4.0, 0.5)])]

    text = line_plot("Throughput < submitters", curves, "submitters", "commands/s", log_x=log_x, log_y=log_y)

    root = ElementTree.fromstring(text)
    width, height = (int(number) for number in root.attrib["viewBox"].split()[2:])
    places = [
        tuple(map(float, place.split(",")))
        for line in root.iter(f"{SVG}polyline")
        for place in line.attrib["points"].split()
    ]
    assert len(places) == 4
    assert all(0 <= x <= width and 0 <= y <= height for x, y in places)
    assert next(one.text for one in root.iter(f"{SVG}text")) == "Throughput < submitters"


def test_a_plot_of_one_value_has_room_for_it() -> None:
    text = line_plot("flat", [Curve("one", [(10.0, 10.0)])], "x", "y", log_x=True, log_y=True)

    assert len(list(ElementTree.fromstring(text).iter(f"{SVG}circle"))) == 1


def test_each_request_of_the_load_has_a_fresh_key() -> None:
    order = Order(
        {"port": 1, "connections": 1, "seconds": 1, "paths": ["/a", "/b"], "key_prefix": "k", "bearer": "secret"}
    )

    first, second = order.request(0), order.request(1)

    assert first.startswith(b"POST /a HTTP/1.1\r\n")
    assert second.startswith(b"POST /b HTTP/1.1\r\n")
    assert b"Idempotency-Key: k-000000001\r\n" in first
    assert b"Idempotency-Key: k-000000002\r\n" in second
