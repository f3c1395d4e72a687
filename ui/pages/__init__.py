"""Pages: each a View that draws one frozen State, and a Model that holds it. No page imports another."""
