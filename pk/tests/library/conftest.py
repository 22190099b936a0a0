"""Long results are begun with the session, in a second process, and are there when the tests come to them.

A function `find_NAME` of a test module is begun if a collected test asks for the fixture NAME, which fetches what it
found: ahead(find_NAME).
"""

import json
import pathlib
import pickle
import subprocess
import sys
import tempfile
import time

import pytest

CHILD = """
import json, os, pickle, runpy, sys
sys.path[:0] = json.loads(sys.argv[1])
for path, name, target in json.loads(sys.argv[2]):
    result = runpy.run_path(path)[name]()
    with open(target + "~", "wb") as file:
        pickle.dump(result, file)
    os.replace(target + "~", target)
"""
running = {}


def pytest_collection_finish(session):
    functions = {}
    for item in session.items:
        for name in getattr(item, "fixturenames", ()):
            functions.setdefault(getattr(item.module, f"find_{name}", None), item.path)
    functions.pop(None, None)
    if functions:
        running["folder"] = tempfile.TemporaryDirectory()
        jobs = [(str(path), find.__name__, str(_target(find))) for find, path in functions.items()]
        command = [sys.executable, "-W", "error", "-c", CHILD, json.dumps(sys.path), json.dumps(jobs)]
        running["child"] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def pytest_unconfigure():
    if running:
        running["child"].kill()
        running["child"].wait()
        running["folder"].cleanup()
        running.clear()


def _target(find):
    return pathlib.Path(running["folder"].name) / f"{find.__module__}.{find.__name__}"


@pytest.fixture(scope="session")
def ahead():
    def fetch(find):
        target = _target(find)
        while not target.exists() and running["child"].poll() is None:
            time.sleep(0.01)
        return pickle.loads(target.read_bytes()) if target.exists() else find()  # if it failed there: it will here too

    return fetch
