"""The order in which undo goes back and redo forward: numbers of revisions. Pure.

A revision that an undo has left is in `redo` until the next change, so that a second undo goes further back.
"""

import msgspec

#: More steps than there are revisions.
_MAX_STEPS = 100


class UndoStack(msgspec.Struct, frozen=True):
    """`past` ends with the current state; `redo` begins with the one that was left last.

    `revision` is the state of the file after the last step. If another one is current, another program has saved.
    """

    past: tuple[int, ...] = ()
    redo: tuple[int, ...] = ()
    revision: str = ""

    def at(self, revision: str) -> "UndoStack":
        """Return the stack for this current state: after a change of another program there is nothing to redo."""
        return self if self.revision == revision else UndoStack(self.past)

    def with_current(self, number: int) -> "UndoStack":
        """Return the stack with the current state, which another program may have written, at the end of the past."""
        if self.past[-1:] == (number,):
            return self
        return msgspec.structs.replace(self, past=(*self.past, number)[-_MAX_STEPS:])

    def after_save(self, number: int, revision: str) -> "UndoStack":
        """Return the stack after a change that is revision `number`."""
        return UndoStack((*self.past, number)[-_MAX_STEPS:], (), revision)

    def after_undo(self, target: int, number: int, revision: str) -> "UndoStack":
        """Return the stack after a step back to `target`, which was saved as revision `number`."""
        place = self.past.index(target)
        return UndoStack((*self.past[:place], number), (*self.past[place + 1 :], *self.redo), revision)

    def after_redo(self, target: int, number: int, revision: str) -> "UndoStack":
        """Return the stack after a step forward to `target`, which was saved as revision `number`."""
        return UndoStack((*self.past, number), self.redo[self.redo.index(target) + 1 :], revision)
