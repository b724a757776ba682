"""python -m obzvon.cli."""

from obzvon.cli.main import main

main()
