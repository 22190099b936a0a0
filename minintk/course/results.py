"""What grading finds: a status and a text for each row of an exercise, and the exercise's own status and points."""

import dataclasses
import enum


class Status(enum.StrEnum):
    """Of an exercise: not started, not checked, passed or failed. Of a row: not run, waiting, passed or failed."""

    NOT_STARTED = "not started"
    NOT_CHECKED = "not checked"  # new, or changed since it was checked
    NOT_RUN = "not run"
    WAITING = "waiting"  # for an earlier row
    PASSED = "passed"
    FAILED = "failed"


@dataclasses.dataclass
class Row:
    """One row of an exercise's rubric; it passes if every one of its tests does. text: the feedback if it failed."""

    points: int
    status: Status = Status.NOT_RUN
    text: str = ""


@dataclasses.dataclass
class Result:
    """One exercise. problems: (line, sentence) about its file, found when it was loaded."""

    rows: list[Row]
    status: Status = Status.NOT_STARTED
    problems: list = dataclasses.field(default_factory=list)

    @classmethod
    def blank(cls, exercise):
        """Of an exercise of units.toml that was not begun."""
        return cls([Row(row["points"]) for row in exercise["rows"]])

    @property
    def points(self):
        """The points of the rows that passed."""
        return sum(row.points for row in self.rows if row.status is Status.PASSED)

    @property
    def feedback(self):
        """What to mend first; empty if nothing is told."""
        return next((row.text for row in self.rows if row.text), "")
