"""`pytest --answers DIR` grades a folder of exercise files instead of the library."""


def pytest_addoption(parser):
    parser.addoption("--answers", metavar="DIR", help="grade the exercise files in this folder, not the library")


def pytest_configure(config):
    folder = config.getoption("--answers")
    if folder is not None:
        from minintk.course import examine  # imports numpy, which tests/conftest.py prepares

        answers = examine.Folder(folder)
        config.add_cleanup(answers.close)
        config.pluginmanager.register(examine.Examiner(answers))
