"""What the peer comparisons keep of their runs (a JSON file that a later run continues), facts of
the machine, and tables."""
import ctypes
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import re
import subprocess
import sys


class Results:
    """Runs by key, saved as they come. `options` are those that all runs must share; `packages` are
    the peers' and `more` what else is to be told of them, by name."""

    def __init__(self, path, options, packages, more):
        self.path = path
        self.data = {"options": options, "sessions": [], "runs": []}
        if path and os.path.exists(path):
            self.data = json.loads(pathlib.Path(path).read_text("utf-8"))
            self.check_options(options)
        self.data["sessions"].append({**facts(packages), **more})

    def check_options(self, options):
        before = self.data["options"]
        differing = [f"{name} {before.get(name)}, now {options.get(name)}"
                     for name in sorted(before.keys() | options.keys())
                     if before.get(name) != options.get(name)]
        if differing:
            sys.exit(f"{self.path} has other options: {'; '.join(differing)}")
        for name, now in (("commit", commit()), ("cpu", cpu_model())):
            if any(session[name] != now for session in self.data["sessions"]):
                say(f"{self.path} has runs of another {name}, which are not repeated")

    def run(self, key, measure):
        """The figures of the run `key`, which `measure()` gives where they are not there yet."""
        for row in self.data["runs"]:
            if row["key"] == key:
                return row["figures"]
        row = {"key": key, "session": len(self.data["sessions"]) - 1, "figures": measure()}
        self.data["runs"].append(row)
        self.save()
        return row["figures"]

    def attempt(self, key, measure):
        """As run, and told with its "ms"; one that fails says why."""
        def figures():
            try:
                return measure()
            except Exception as why:  # whatever a peer raises is what its row says
                text = str(why).strip().splitlines() or [type(why).__name__]
                return {"left out": text[0][:300]}
        found = self.run(key, figures)
        say(f"{key}: {found.get('left out') or '%.4g ms' % found['ms']}")

    def save(self):
        if not self.path:
            return
        temporary = f"{self.path}.{os.getpid()}"
        pathlib.Path(temporary).write_text(json.dumps(self.data, indent=1) + "\n", "utf-8")
        os.replace(temporary, self.path)


def say(text):
    print(text, file=sys.stderr, flush=True)


def file_fact(path):
    """A file as it is named in the options of a run: without the folder it lies in."""
    path = pathlib.Path(path)
    return f"{path.name}, {path.stat().st_size} bytes"


# ---- the machine ---------------------------------------------------------------------------------

def facts(packages):
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(),
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
    }


def commit():
    """As the caller names it, where the files are no checkout."""
    try:
        run = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=12"],
                             cwd=pathlib.Path(__file__).parent, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, check=False)
    except OSError:  # there is no git
        return os.environ.get("WORDLOOM_COMMIT", "unknown")
    return run.stdout.strip() or os.environ.get("WORDLOOM_COMMIT", "unknown")


def cpu_model():
    text = pathlib.Path("/proc/cpuinfo").read_text("utf-8")
    return {name: re.search(rf"^{name}\s*: (.*)", text, re.MULTILINE)[1]
            for name in ("model name", "cpu family", "model") if f"\n{name}\t" in text}


def loaded_blas():
    """The configuration of every OpenBLAS in this process and the kernel that it chose."""
    found = {}
    paths = set(re.findall(r"/\S*openblas\S*", pathlib.Path("/proc/self/maps").read_text("utf-8")))
    for path in sorted(paths):
        library = ctypes.CDLL(path)
        user = pathlib.Path(path).parent.name.partition(".")[0]
        names = (f"{prefix}openblas_get_%s{suffix}"
                 for prefix in ("scipy_", "") for suffix in ("", "64_"))
        name = next((name for name in names if hasattr(library, name % "config")), None)
        if name:
            found[user] = (f"{text_of(library, name % 'config')}; "
                           f"kernel {text_of(library, name % 'corename')}")
    return found


def text_of(library, name):
    function = library[name]
    function.restype = ctypes.c_char_p
    return " ".join(function().decode("ascii").split())


def print_facts(results):
    """The machine, then whatever else this session has, a line each."""
    now = dict(results.data["sessions"][-1])
    cpu = now.pop("cpu")
    print(f"{now.pop('date')}, commit {now.pop('commit')}; {cpu.get('model name')} (family "
          f"{cpu.get('cpu family')}, model {cpu.get('model')}), {now.pop('cores')} cores, load "
          f"{now.pop('load')}")
    for name, value in now.items():
        for user, text in value.items() if isinstance(value, dict) else [(name, value)]:
            print(f"{user}: {text}")
    print("; ".join(f"{name} {value}" for name, value in results.data["options"].items()),
          flush=True)


# ---- tables --------------------------------------------------------------------------------------

def print_table(title, rows):
    """Rows of text cells, the first row their heads; the first and last column to the left."""
    rows = list(rows)
    print(f"\n{title}\n")
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    for number, row in enumerate(rows):
        cells = [cell.rjust(width) for cell, width in zip(row, widths)]
        cells[0] = row[0].ljust(widths[0])
        cells[-1] = row[-1]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
