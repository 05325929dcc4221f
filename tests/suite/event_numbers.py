"""Prints the numbers of the events in the container files that stdin names, as fastavro reads them: `e7` is 7; others are left out."""
import sys

import fastavro

for name in sys.stdin.read().splitlines():
    with open(name, "rb") as file:
        kinds = [record["eventType"] for record in fastavro.reader(file)]
    numbers = [kind[1:] for kind in kinds if kind[0] == "e"]
    if numbers:
        print("\n".join(numbers))
