"""Talk with the server: rounds, uploads, and the thread that keeps doing both. requests is imported only here."""
