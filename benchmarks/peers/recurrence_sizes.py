"""The sizes of recurrent networks that wordloom_recurrence runs, from the same files by the same
rules (recurrence_sizes.cpp)."""
import dataclasses
import pathlib

CELLS = ("lstm", "gru", "rnn")


@dataclasses.dataclass(frozen=True)
class Size:
    cell: str
    T: int
    B: int
    D: int
    H: int
    dtype: str = "f32"
    layers: int = 1
    directions: int = 1

    def __str__(self):
        text = f"{self.cell} T={self.T} B={self.B} D={self.D} H={self.H} {self.dtype}"
        if self.layers > 1:
            text += f", {self.layers} layers"
        return text + (", both directions" if self.directions > 1 else "")


def read(folder):
    """All of them, cell by cell: first the forward lines of its own file that every system can run
    (whole sequences without `s`; a GRU that resets after the product), then those of networks."""
    folder, out = pathlib.Path(folder), []
    for cell in CELLS:
        for words in lines(folder / f"{cell}.txt"):
            if words[0] == f"{cell}_forward" and {"-lengths", "-s"} <= {*words} \
                    and "reset=1" not in words:
                out.append(size(cell, words))
        for words in lines(folder / "networks" / "recurrence.txt"):
            if words[0] == cell:
                out.append(size(cell, words))
    return out


def lines(path):
    """The words of each line, up to its comment."""
    words = (line.partition("#")[0].split() for line in path.read_text("utf-8").splitlines())
    return [line for line in words if line]


def size(cell, words):
    given = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    names = {field.name for field in dataclasses.fields(Size)}
    return Size(cell, **{name: value if name == "dtype" else int(value)
                         for name, value in given.items() if name in names})
