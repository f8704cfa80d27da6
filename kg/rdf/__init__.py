"""RDF in and out, and its validation.

==================================  ====================================================================
:mod:`kg.rdf.terms`                 vocabularies; IRIs of items and entities, and back
:mod:`kg.rdf.mapping`               which predicate means what
:mod:`kg.rdf.mapping_file`          the same as a file says
:mod:`kg.rdf.files`                 files to statements
:mod:`kg.rdf.spool`                 statements by subject, on disk
:mod:`kg.rdf.read`                  statements to records
:mod:`kg.rdf.write`                 the graph to statements, and to files
:mod:`kg.rdf.people`                people and events, in and out
:mod:`kg.rdf.shapes`                SHACL
==================================  ====================================================================

The fast parser and serialiser are those of ``pyoxigraph``; ``rdflib`` and ``pyshacl`` serve the validation alone. All
three belong to the extra ``rdf``.
"""
