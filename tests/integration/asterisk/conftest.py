"""An AMI server for each test."""

from collections.abc import Iterator

import pytest

from tests.support.ami_server import AmiServer


@pytest.fixture
def server() -> Iterator[AmiServer]:
    """Start an AMI server that stands for Asterisk."""
    with AmiServer() as running:
        yield running
