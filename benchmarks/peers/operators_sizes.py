"""The calls that wordloom_benchmarks times, as PyTorch's peers need them: the lines of
benchmarks/sizes/ by the rules of tests/opcase.c."""
import dataclasses
import pathlib

FAMILIES = ("embedding", "softmax_xent", "attention", "optimizer", "negative_sampling", "dropout",
            "half")


@dataclasses.dataclass(frozen=True)
class Line:
    """A call: its operator, the values of its words (`V=10000`) and the arguments that it leaves
    out (`-weights`)."""
    family: str
    op: str
    values: dict
    absent: frozenset
    text: str

    def __str__(self):
        return self.text

    def __getitem__(self, letter):
        """A size; 1 where the line does not say."""
        return int(self.values.get(letter, 1))

    def number(self, name, otherwise):
        return float(self.values.get(name, otherwise))

    def has(self, name):
        """Whether an optional argument is there."""
        return name not in self.absent

    def stored(self, torch):
        """The type of what the contract calls STORED."""
        return {"bf16": torch.bfloat16, "f16": torch.float16,
                "f32": torch.float32}[self.values.get("dtype", "f32")]


def read(families, folder):
    """All lines of these families."""
    return [line(family, words) for family in families
            for words in words_of(pathlib.Path(folder) / f"{family}.txt")]


def words_of(path):
    """The words of each line, up to its comment."""
    words = (line.partition("#")[0].split() for line in path.read_text("utf-8").splitlines())
    return [line for line in words if line]


def line(family, words):
    values = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    absent = frozenset(word[1:] for word in words[1:] if word.startswith("-"))
    return Line(family, words[0], values, absent, " ".join(words))
