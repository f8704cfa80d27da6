"""Everything that ``text`` raises.

::

    TextError                every error of this package
    ├── InvalidSetting       a field of a config is out of its range; names it and the range
    ├── MissingExtra         an optional library is not installed; holds the command that installs it
    ├── ModelNotFound        no model under this name or folder; says where it was looked for and what to do
    ├── ModelUnsupported     the model is there, but is not one that turns text into one vector
    └── CacheError           the vector cache cannot be used
        ├── CacheDamaged     the file is broken beyond single rows; says which file to delete
        ├── CacheClosed      it was closed, or opened by the process of which this one is a fork
        ├── CacheMismatch    the file was made by another version, or holds vectors of another dimension
        ├── CacheFull        the disk is full, or the folder cannot be written
        └── CacheHeld        somebody reads it, so that bytes of what was removed are left
"""

from __future__ import annotations


class TextError(Exception):
    """Base of every error that ``text`` raises."""


class InvalidSetting(TextError):
    """A field of a config is out of its range."""


class MissingExtra(TextError):
    """An optional library is not installed."""


class ModelNotFound(TextError):
    """No model under this name or in this folder."""


class ModelUnsupported(TextError):
    """The model does not read tokens of text, or does not give one vector for each text."""


class CacheError(TextError):
    """The vector cache cannot be used."""


class CacheDamaged(CacheError):
    """The cache's file is broken beyond single rows."""


class CacheClosed(CacheError):
    """The cache was closed, or belongs to the process of which this one is a fork."""


class CacheMismatch(CacheError):
    """The cache was made by another version, or holds vectors of another dimension."""


class CacheFull(CacheError):
    """The cache cannot be written: the disk is full, or the folder is read-only."""


class CacheHeld(CacheError):
    """What was to be forgotten is removed, and its bytes stay in the log of the cache while somebody reads it."""
