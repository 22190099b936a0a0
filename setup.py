import pathlib
import re

from setuptools import find_packages, setup
from setuptools.command import sdist

HERE = pathlib.Path(__file__).parent
BESIDE = ("tests", "exercises", "solutions")


class Whole(sdist.sdist):
    """A source archive with all of the clone: the stubs, every test and .ci/ too, which are not installed."""

    def make_release_tree(self, base_dir, files):
        more = [path.relative_to(HERE) for name in ("exercises", "tests", ".ci") for path in (HERE / name).rglob("*.*")]
        more = {str(path) for path in more if not any(part.startswith((".", "__")) for part in path.parts[1:])}
        super().make_release_tree(base_dir, sorted({*files, *more, ".ci/run", ".gitignore"}))


setup(
    name="minintk",
    version=re.search('__version__ = "(.*)"', (HERE / "minintk" / "__init__.py").read_text(encoding="utf-8"))[1],
    description="The silent alignment effect in pure numpy: a small toolkit and a graded course",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    classifiers=[
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Topic :: Education",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
    cmdclass={"sdist": Whole},
    python_requires=">=3.11",
    # The tests grade, the chapters and the solutions explain: an installed course needs them inside the package.
    packages=[*find_packages(include=["minintk", "minintk.*"]), *(f"minintk.{name}" for name in BESIDE)],
    package_dir={f"minintk.{name}": name for name in BESIDE},
    package_data={
        "minintk": ["digits.npz", "digits.md"],
        "minintk.course": ["units.toml"],
        "minintk.tools": ["explore.html"],
        "minintk.tests": ["grading.ini", "mistakes/*.py"],
        "minintk.exercises": ["0*.md", "eight_runs.png"],
        "minintk.solutions": ["*.md"],
    },
    # The oldest that the tests pass with, each on a line of its own: a tool reads them from here.
    install_requires=[
        "numpy>=2.0",
        "matplotlib>=3.8.4",
        "tqdm>=4.57",
    ],
    extras_require={
        "test": ["pytest>=8.1"],
        "dask": ["dask[distributed]"],
    },
    entry_points={"console_scripts": ["minintk = minintk.cli:main"]},
)
