"""Possible duplicates: how alike two patients are, who may be on file already, and the list of pairs to decide."""
