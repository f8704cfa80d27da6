"""Sources as documents: which files, which verb reads them, and how they say what they say."""
