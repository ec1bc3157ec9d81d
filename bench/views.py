"""Views: how far behind the answers they are, while the service takes half of what it can take.

An answer names its position; the lag is the time from there until all views have reached it, seen by asking every few
milliseconds. Server, worker and load share the machine as they would in service.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left

from psycopg import Connection

from bench.http import CONNECTIONS, open_accounts, spend
from bench.serving import Generator, Server, cores, position_of, service, worker
from bench.trial import Side, Trial, quantile, say
from ledger.database import LEDGER_DATABASE, embedded_database
from projections.tracking import VIEWS, tracking_name

POLL_S = 0.003
CATCH_UP_LIMIT_S = 60.0
QUERY = b"SELECT count(*), min(notification_id) FROM ledger_tracking WHERE application_name = ANY(%s)"


class Watch:
    """Notes, on a thread of its own, which position all views have reached and when.

    Attributes:
        positions, times: one each for every look; both only grow.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.positions: list[int] = []
        self.times: list[float] = []
        self._thread.start()

    def until(self, position: int, seconds: float) -> None:
        """Wait until the views have reached a position.

        Raises:
            TimeoutError: they have not.
        """
        deadline = time.monotonic() + seconds
        while not self.positions or self.positions[-1] < position:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the views did not reach position {position} in {seconds:.0f} s")
            time.sleep(POLL_S)

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()
        self._connection.close()

    def _look(self) -> None:
        names = [tracking_name(view) for view in VIEWS]
        while not self._stop.wait(POLL_S):
            row = self._connection.execute(QUERY, (names,), prepare=True).fetchone()
            reached = row[1] if row is not None and row[0] == len(names) else 0
            self.positions.append(reached)
            self.times.append(time.monotonic())


def lags_ms(seen: list[tuple[int, float]], watch: Watch) -> list[float]:
    """Return, sorted, how long after each answer the views had reached its position."""
    found = []
    for position, answered_at in seen:
        look = bisect_left(watch.positions, position)
        if look < len(watch.positions):
            found.append(max(0.0, (watch.times[look] - answered_at) * 1000))
    return sorted(found)


def run(trial: Trial) -> None:
    """Measure the lag of the views at half of the peak."""
    lab = trial.lab
    generator = Generator(cores()[1])
    try:
        with service(lab.data_dir, lab.folder) as ledger, worker(lab.data_dir, lab.folder):
            accounts = open_accounts(ledger, CONNECTIONS)
            if "http_spend_per_s" in trial.figures:
                peak = trial.figures["http_spend_per_s"].median
            else:
                peak = spend(trial, generator, ledger, accounts, trial.pick(3.0, 1.0)).per_s
            lab.checkpoint()
            watch = Watch(lab.owner(embedded_database(lab.server, "ledger", name=LEDGER_DATABASE)))
            try:
                say(f"  half of the peak is {peak / 2:,.0f} spends/s")
                trial.sizes["views"] = f"{peak / 2:,.0f} spends/s, half of the peak"
                side = Side("view_lag_p99_ms", "ms", lambda: _lag(trial, generator, ledger, accounts, peak / 2, watch))
                trial.take_turns([side])
            finally:
                watch.close()
    finally:
        generator.close()


def _lag(trial: Trial, generator: Generator, ledger: Server, accounts: list[str], rate: float, watch: Watch) -> float:
    """Send at a rate and return the 99th percentile of the lags."""
    paths = [f"/v1/accounts/{account_id}/spends" for account_id in accounts]
    watch.until(position_of(ledger, f"/v1/accounts/{accounts[0]}"), CATCH_UP_LIMIT_S)
    answered = generator.send(ledger, connections=CONNECTIONS, seconds=trial.pick(8.0, 1.5), paths=paths, rate=rate)
    watch.until(max(position for position, _ in answered.seen), CATCH_UP_LIMIT_S)
    lags = lags_ms(answered.seen, watch)
    trial.note("view_lag_p50_ms", "ms", quantile(lags, 0.5))
    trial.note("view_lag_load_per_s", "commands/s", answered.per_s)
    return quantile(lags, 0.99)
