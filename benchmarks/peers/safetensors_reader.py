"""Reads safetensors files, and the vocabulary that wordloom stores in them."""
import json
import re

import numpy as np

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "U8": "u1"}


def read(path):
    """Each tensor by its name; BF16 as float32."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: tensor(row, data) for name, row in header.items()}


def tensor(row, data):
    start, end = row["data_offsets"]
    values = np.frombuffer(data[start:end], DTYPES[row["dtype"]]).reshape(row["shape"])
    if row["dtype"] == "BF16":
        values = (values.astype("<u4") << 16).view("<f4")
    return values


def words(encoded):
    """The words of a tensor `vocabulary`: each ends in a newline, \\n is one within a word."""
    def plain(word):
        return re.sub(rb"\\(.)", lambda found: b"\n" if found[1] == b"n" else found[1], word)

    return [plain(word).decode("utf-8") for word in encoded.tobytes().split(b"\n")[:-1]]
