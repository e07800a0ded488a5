"""A quarter of an hour on a lent GPU: a plan of trainings, cut to what fits, its results written as they come."""
