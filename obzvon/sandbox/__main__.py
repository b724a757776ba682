"""python -m obzvon.sandbox OUTGOING."""

from obzvon.sandbox.pbx import main

main()
