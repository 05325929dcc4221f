"""Prints what fastavro reads from a container file: metadata, records; bytes in base64."""
import base64
import json
import sys

import fastavro


def plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"cannot print {value!r}")


# What a logical type stands for is no matter here: values as they are stored.
fastavro.read.LOGICAL_READERS.clear()

with open(sys.argv[1], "rb") as file:
    reader = fastavro.reader(file)
    records = list(reader)
    metadata = {key: value if isinstance(value, str) else value.decode() for key, value in reader.metadata.items()}
    print(json.dumps({"metadata": metadata, "records": records}, default=plain))
