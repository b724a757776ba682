"""A service that rings everybody on a list at the day's hour through Asterisk."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("obzvon")
except PackageNotFoundError:  # run from a checkout that is not installed
    __version__ = "0"
