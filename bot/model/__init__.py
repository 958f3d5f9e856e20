"""The words that all parts share, a file for each owner; they import nothing but each other."""
