"""The facade: everything people and programs may do, actor first."""
