# A child.
