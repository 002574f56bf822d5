"""The rules of `ecrm check`: each a pure function from what was read to what it found."""
