"""The version that is installed."""

import functools


@functools.cache
def installed_version() -> str:
    """Return the version of the installed package, "0" for a checkout that is not installed."""
    # Imported here: each command would pay for it at its start, and hardly any needs it.
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("obzvon")
    except PackageNotFoundError:
        return "0"
