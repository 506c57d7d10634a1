"""Storage: the documents, their queries, indexes and migrations, and the tables of API versions."""
