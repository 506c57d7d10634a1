"""Resource pools on the database: nothing is ever given to two, and what is counted is what is there.

A change of a pool's members is a turn: one transaction, which begins by raising the `turn` of the pool's document, so
that of two processes one has to begin again. The demands that arrive in a process while a turn is on its way make the
next turn together.
"""
