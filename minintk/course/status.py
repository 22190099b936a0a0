"""Where you are: units, points, the next exercise, and the one command to type."""

import pathlib

from minintk.course import progress, screen, units


def status(folder):
    """Prints a line a unit and what to do next."""
    states, following = progress.state(folder), progress.current(folder)
    for unit in units.units():
        marks = "".join(screen.mark(states[e["full"]][0]) for e in unit["exercise"])
        score = sum(states[e["full"]][1] for e in unit["exercise"])
        total = sum(e["points"] for e in unit["exercise"])
        screen.say(f"{unit['id']} {unit['title']:<32}{score:>4} of {total:<4} {marks}")
    if following is None:
        screen.all_done(folder)
        return
    screen.read_first(following, states)
    path = pathlib.Path(folder) / following["file"]
    screen.say(f"\nnext: {following['name']} in {path} ({following['points']} points, {following['minutes']} minutes)")
    check, watch = (screen.command(folder, *words) for words in (["check", following["name"]], ["watch"]))
    screen.say(f"  {check}      or leave  {watch}  running while you write")
