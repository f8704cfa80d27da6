"""A whole graph from one place to another, with its working directory: ``backup``, ``restore``, ``copy``.

Everything moves: all labels, relation types and properties, our own and what the owner of the graph added, in streams.
Memory holds one short key for each node. What was written is read back and compared by counts and by a digest::

    stream.py    nodes and edges one by one, their source, and the tally of what passed
    archive.py   the folder of a backup
    manifest.py  what its manifest may say
    cut.py       whether a store was one and the same while it was read
    files.py     which files of a working directory go along
    load.py      into an empty store, which stays marked as unfinished until it was compared
"""

from __future__ import annotations

from kg.transfer.archive import Archive, backup
from kg.transfer.load import fill
from kg.transfer.stream import StoreSource, Tally

__all__ = ["Archive", "StoreSource", "Tally", "backup", "fill"]
