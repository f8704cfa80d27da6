"""Words to vectors: encoders, windows, the vector cache and keyphrases. Strings in, float32 arrays and names out."""
