"""The facade: everything that tastegraph does with one graph, each in one call.

The verbs that people use are :class:`Recommender`'s own. What is asked more rarely has a room:
:attr:`Recommender.graph` for the knowledge graph and :attr:`Recommender.models` for published versions.
"""

from recommender.facade.recommender import Recommender

__all__ = ["Recommender"]
