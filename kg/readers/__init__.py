"""Files to records: every reader gives one :data:`kg.records.Record` or one :class:`kg.records.Reject` at a time.

==================  ====================================================  ===================================
format              told apart by                                         rows from
==================  ====================================================  ===================================
CSV, TSV            a header with ``, ; |`` or tabs                       :mod:`kg.readers.delimited`
RecBole atomic      a header of ``name:type``                             :mod:`kg.readers.delimited`
JSON lines          ``{`` first                                           :mod:`kg.readers.jsonlines`
Parquet             ``PAR1`` first                                        :mod:`kg.readers.columnar`
LightGCN lists      lines of whole numbers                                :mod:`kg.readers.lists`
RDF                 statements, directives, ``@context``                  :mod:`kg.rdf.files`
data frames         pandas, Arrow                                         :mod:`kg.readers.columnar`
records             any iterable of dictionaries or dataclasses           :mod:`kg.readers.memory`
==================  ====================================================  ===================================

Text files may be gzip or zstd (:mod:`kg.readers.stream`). To add a format: one module with a
:class:`kg.readers.rows.Rows`, one line in :func:`kg.readers.open.open_rows`, one line here. RDF has no rows:
:mod:`kg.readers.knowledge` tells it from tables of triples.
"""

from kg.readers.amazon import read_amazon, read_amazon_items, read_amazon_reviews
from kg.readers.lists import read_lists
from kg.readers.mapping import AttributeColumn, EventMapping, ItemMapping, UserMapping
from kg.readers.open import Source, open_rows
from kg.readers.parts import is_file
from kg.readers.recbole import read_recbole
from kg.readers.social import SocialMapping, read_social
from kg.readers.table import read_events, read_items, read_users
from kg.readers.triples import EntityMapping, read_entities, read_links, read_triples

__all__ = [
    "AttributeColumn",
    "EntityMapping",
    "EventMapping",
    "ItemMapping",
    "SocialMapping",
    "Source",
    "UserMapping",
    "is_file",
    "open_rows",
    "read_amazon",
    "read_amazon_items",
    "read_amazon_reviews",
    "read_entities",
    "read_events",
    "read_items",
    "read_links",
    "read_lists",
    "read_recbole",
    "read_social",
    "read_triples",
    "read_users",
]
