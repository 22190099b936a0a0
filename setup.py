from setuptools import find_packages, setup

setup(
    name="minintk",
    version="0.1.0",
    description="The silent alignment effect in pure numpy: a small toolkit and a graded course",
    license="MIT",
    python_requires=">=3.11",
    # The tests grade and the solutions explain: an installed course needs both inside the package.
    packages=[*find_packages(include=["minintk", "minintk.*"]), "minintk.tests", "minintk.solutions"],
    package_dir={"minintk.tests": "tests", "minintk.solutions": "solutions"},
    package_data={
        "minintk": ["digits.npz", "digits.md"],
        "minintk.course": ["units.toml"],
        "minintk.tests": ["grading.ini"],
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
