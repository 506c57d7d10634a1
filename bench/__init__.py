"""How fast it is on this machine, each figure beside a floor that was measured in the same run.

A floor is the least that the same thing could cost here: an empty server, a handler that only talks to the database,
the bare writing of the documents that are left in the end. Absolute figures are of one machine on one day; what can be
compared is the ratio of a figure to its floor, since both were measured in turns.
"""
