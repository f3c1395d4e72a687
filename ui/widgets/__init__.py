"""Parts that pages are made of. They know nothing of cases or desks."""
