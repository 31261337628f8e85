"""One score. What belongs here: a row and quantity with both values, whatever kind of file it is from."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.fidelity.evaluation import Inputs, Prediction
from benchmarks.fidelity.rows import Row

UNITS = {
    "step_time": "s",
    "memory": "B",
    "fits": "1",
    "node_power": "W",
    "energy": "J",
    "energy_per_token": "J/token",
    "output_rate": "token/s",
    "time_per_output_token": "s/token",
    "power": "W",
    "energy_per_output_token": "J/token",
}


@dataclass
class Score:
    """Both values and the relative error, or the reason why there is none."""

    id: str
    family: str
    quantity: str
    predicted: float | None
    published: float | None
    skipped: str = ""
    row: Row = field(default_factory=lambda: Row({}))
    prediction: Prediction | None = None
    inputs: Inputs | None = None
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def error(self) -> float | None:
        """Predicted over published, less one."""
        if self.skipped or self.predicted is None or not self.published:
            return None
        return self.predicted / self.published - 1

    @property
    def ratio(self) -> float | None:
        """Predicted over published."""
        return None if self.error is None else self.error + 1

    def entry(self) -> dict[str, object]:
        """The score as a row of the JSON file."""
        values = {"predicted": self.predicted, "published": self.published, "unit": UNITS[self.quantity], "error": self.error}
        return {"id": self.id, "quantity": self.quantity, **values, "skipped": self.skipped or None}
