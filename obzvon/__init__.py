"""A service that calls everyone on a list through Asterisk at a set time each day."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("obzvon")
except PackageNotFoundError:  # run from a checkout that is not installed
    __version__ = "0"
