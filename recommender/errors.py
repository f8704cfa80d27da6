"""Everything that ``recommender`` raises itself; errors of ``kg``, ``text`` and ``gnn`` pass through unchanged.

::

    RecommenderError       every error of this package
    ├── UnknownUser        no such person in the graph
    ├── UnknownItem        no such item in the graph
    ├── NotRefreshed       nothing is published yet; says which command to run
    ├── InvalidInput       an argument is out of its range; names it and the range
    ├── ArtefactError      a folder of the working directory is damaged or of another version
    ├── RefreshRunning     another refresh holds the lock; says who
    └── LeakageError       an evaluation would train on what it tests
"""

from __future__ import annotations


class RecommenderError(Exception):
    """Base of every error that ``recommender`` raises."""


class UnknownUser(RecommenderError):
    """No such person in the graph."""


class UnknownItem(RecommenderError):
    """No such item in the graph."""


class NotRefreshed(RecommenderError):
    """Nothing is published yet."""


class InvalidInput(RecommenderError):
    """An argument is out of its range."""


class ArtefactError(RecommenderError):
    """A folder of the working directory is damaged, or was made by another version."""


class RefreshRunning(RecommenderError):
    """Another refresh holds the lock."""


class LeakageError(RecommenderError):
    """An evaluation would train on what it tests."""
