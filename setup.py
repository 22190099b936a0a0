from setuptools import find_packages, setup

setup(
    name="minintk",
    version="0.1.0",
    description="The silent alignment effect in pure numpy: a small toolkit and a graded course",
    python_requires=">=3.11",
    packages=find_packages(include=["minintk", "minintk.*"]),
    package_data={"minintk": ["digits.npz", "digits.md"]},
    install_requires=["numpy", "matplotlib", "tqdm"],
    extras_require={"test": ["pytest"]},
    entry_points={"console_scripts": ["minintk = minintk.cli:main"]},
)
