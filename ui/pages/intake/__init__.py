"""受理: one workspace, six steps, and the panel that remembers."""
