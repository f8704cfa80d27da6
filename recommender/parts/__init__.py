"""The parts of the hybrid, one module each, all behind :class:`recommender.parts.base.Part`."""

from __future__ import annotations

from recommender.parts.base import Part
from recommender.parts.content import Content
from recommender.parts.factors import IALS
from recommender.parts.graph_filter import GraphFilter, LowRank
from recommender.parts.interests import Interests
from recommender.parts.item_item import EASE, Collective, ItemKNN, RP3Beta
from recommender.parts.network import GraphNetwork, KnowledgeNetwork
from recommender.parts.popularity import AttributePopularity, Popularity
from recommender.parts.relations import Relations

PARTS: dict[str, type[Part]] = {
    part.name: part
    for part in (
        Popularity,
        AttributePopularity,
        ItemKNN,
        RP3Beta,
        GraphFilter,
        IALS,
        EASE,
        LowRank,
        Collective,
        GraphNetwork,
        KnowledgeNetwork,
        Relations,
        Content,
        Interests,
    )
}
"""All parts by name; each can be evaluated alone."""
HYBRID = (
    "popularity",
    "attribute_popularity",
    "item_knn",
    "ials",
    "collective",
    "ease_low_rank",
    "network",
    "knowledge_network",
    "relations",
    "content",
)
"""The parts that the hybrid is made of; the rest are baselines."""
BASELINES = ("popularity", "item_knn", "ials", "ease")
"""What the hybrid is measured beside."""
