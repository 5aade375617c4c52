"""One module for each group of claims in the README's performance table. Each measures now, against a named peer."""
