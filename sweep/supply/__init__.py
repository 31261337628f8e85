"""Power for a load: weather, the cheapest mix of plants through the hours of a year."""
