"""The table of scripts/coverage: python3 coverage_table.py OBJECTS LIST [--parts] <gcov.json

Reads what gcov says of the kernels' objects; LIST is what only a GPU runs.
"""
import glob
import json
import os
import re
import subprocess
import sys

NAMED = re.compile(r"(\w+)\s*\(")
NOT_EMULATED = re.compile(r"#\s*(ifndef\s+WL_EMULATED|if\s+!\s*defined\(WL_EMULATED\))")
EMULATED = re.compile(r"#\s*(ifdef\s+WL_EMULATED|if\s+defined\(WL_EMULATED\))\s*$")
PLATFORM = re.compile(r"\b(WL_EMULATED|__CUDA_ARCH__|__CUDACC__)\b")


def gcov_data(stream):
    """Per file of kernels/: how often each of its lines ran, at most, in one instance; and the
    lines that ran as a whole in some instance."""
    runs, whole = {}, {}
    for document in stream:
        for file in json.loads(document)["files"]:
            path = os.path.relpath(os.path.realpath(file["file"]))
            if not path.startswith("kernels/"):
                continue
            counts = runs.setdefault(path, {})
            for line in file["lines"]:
                number = line["line_number"]
                counts[number] = max(counts.get(number, 0), line["count"])
                if line["count"] and not line["unexecuted_block"]:
                    whole.setdefault(path, set()).add(number)
            for function in file["functions"]:
                start, end = function["start_line"], function["end_line"]
                within = [counts[n] for n in range(start, end + 1) if n in counts]
                if start in counts:  # one that is always inlined has no beginning of its own
                    counts[start] = max(within)
    return runs, whole


def signature(lines, number):
    """The function that a line begins: its name with its parameters, in one line; or None."""
    text = ""
    for line in lines[number : number + 8]:
        text += " " + line.strip()
        if ")" in line and text.count("(") == text.count(")"):
            break
    text = re.sub(r"__launch_bounds__\([^)]*\)|__align__\([^)]*\)", "", text)
    found = NAMED.search(text)
    if not found or re.match(r"\s*(#|if|for|while|switch|return|/?\*)", text):
        return None
    depth = 0
    for at in range(found.end() - 1, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return found.group(1) + text[found.end() - 1 : at + 1]
    return None


def names_within(lines, first, last):
    """What a branch defines: macros, and types, constants and functions at its outer level; else the
    function that it lies in."""
    names, continued = [], False
    for i in range(first, last):
        define = re.match(r"#\s*define\s+(\w+)", lines[i])
        if define:
            names.append(define.group(1))
        outer = re.match(r"(?!template\b.*>\s*$)[A-Za-z_]", lines[i]) and not continued
        record = re.search(r"\b(?:struct|class|union|enum)\s+(\w+)\b[^;(]*$", lines[i])
        if outer and record:
            names.append(record.group(1))
        elif outer and (constant := re.match(r"constexpr .*?(\w+) = ", lines[i])):
            names.append(constant.group(1))
        elif outer and not re.match(r"using|namespace|constexpr", lines[i]):
            names.append(signature(lines, i))
        continued = lines[i].endswith("\\")
    names = [name for name in names if name]
    if names:
        return names
    for i in range(first - 1, -1, -1):
        if re.match(r"[A-Za-z_]", lines[i]) and signature(lines, i):
            return [signature(lines, i)]
    return ["?"]


def gpu_branches(path, lines):
    """(first line, past the last, condition) of the branches that the emulated build leaves out;
    complains of conditions that it cannot read."""
    open_branches, branches, trouble = [], [], []
    for i, line in enumerate(lines):
        word = re.match(r"#\s*(if|ifdef|ifndef|elif|else|endif)\b(.*)", line)
        if not word:
            continue
        inside = any(b["gpu"] or b["ours"] for b in open_branches)
        if word.group(1).startswith("if"):
            ours = bool(EMULATED.match(line) or NOT_EMULATED.match(line))
            if PLATFORM.search(line) and not ours and not inside:
                trouble.append(f"{path}:{i + 1}: a condition that is not of WL_EMULATED alone")
            first = bool(NOT_EMULATED.match(line))
            open_branches.append({"ours": ours, "first": first, "gpu": first, "from": i + 1,
                                  "when": ""})
            continue
        branch = open_branches[-1]
        if branch["gpu"]:
            branches.append((branch["from"], i, branch["when"]))
        if word.group(1) == "endif":
            open_branches.pop()
            continue
        condition = word.group(2).strip() if word.group(1) == "elif" else ""
        branch.update({"gpu": branch["ours"] and not branch["first"], "from": i + 1,
                       "when": condition})
    return branches, trouble


def gpu_only(objects):
    """What only a GPU runs: "FILE" or "FILE NAME", and for each file the lines of it."""
    found, hidden, trouble = [], {}, []
    build = objects.split("/tests/")[0]
    targets = subprocess.run(["ninja", "-C", build, "-t", "targets", "all"], check=True,
                             capture_output=True, text=True).stdout
    compiled = set(re.findall(r"emulated\.dir/__/(kernels/\w+\.cu)\.o:", targets))
    for path in sorted(glob.glob("kernels/*.cu") + glob.glob("kernels/*.cuh")):
        if path.endswith(".cu") and path not in compiled:
            found.append(path)
            continue
        lines = open(path, encoding="utf-8").read().splitlines()
        branches, more = gpu_branches(path, lines)
        trouble += more
        hidden[path] = {i for first, last, _ in branches for i in range(first, last)}
        for first, last, condition in branches:
            for name in names_within(lines, first, last):
                found.append(f"{path} {name}" + (f", {condition}" if condition else ""))
    return found, hidden, trouble


def listed(path):
    """The entries of the list, each with the commit at which a GPU last checked it."""
    entries = {}
    for line in open(path, encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            commit, name = line.split(None, 1)
            entries[" ".join(name.split())] = commit
    return entries


def is_commit(name):
    return subprocess.run(["git", "cat-file", "-e", name + "^{commit}"],
                          stderr=subprocess.DEVNULL).returncode == 0


def list_trouble(found, entries):
    trouble = [f"not listed: {name}" for name in found if name not in entries]
    trouble += [f"listed, and no longer there: {name}" for name in entries if name not in found]
    trouble += [f"no commit: {commit} of {name}" for name, commit in entries.items()
                if commit != "never" and not is_commit(commit)]
    return trouble


def end_of_body(lines, head):
    """Past the last line of the function that the line `head` names."""
    indent = re.match(r"\s*", lines[head]).group()
    for i in range(head, len(lines)):
        if lines[i].startswith(indent + "}") or (i == head and lines[i].endswith("}")):
            return i + 1
    return len(lines)


def never_compiled(lines, hidden, seen):
    """Device functions and templates of which no object has an instance: none of their lines is
    seen by gcov."""
    missing = []
    for i, line in enumerate(lines):
        if i in hidden or not re.match(r"\s*(template <|__device__|__global__)", line):
            continue
        begins = " ".join(lines[i : i + 3])
        if re.match(r"\s*template <[^{;]*>\s*(struct|using|class|__device__ const)", begins):
            continue
        head = next((k for k in range(i, min(i + 8, len(lines))) if NAMED.search(lines[k])), i)
        if lines[head].endswith(";") or seen & set(range(i + 1, end_of_body(lines, head) + 1)):
            continue
        missing.append(i + 1)
    return missing


def main():
    objects, list_path, *options = sys.argv[1:]
    runs, whole = gcov_data(sys.stdin)
    found, hidden, trouble = gpu_only(objects)
    entries = listed(list_path)
    trouble += list_trouble(found, entries)
    total = covered = 0
    missed, parts = [], []
    for path in sorted(hidden):
        lines = open(path, encoding="utf-8").read().splitlines()
        counts = dict(runs.get(path, {}))
        for number in never_compiled(lines, hidden[path], set(counts)):
            counts.setdefault(number, 0)
        ran = sum(count > 0 for count in counts.values())
        total, covered = total + len(counts), covered + ran
        percent = 100 * ran / len(counts) if counts else 100
        print(f"{path:32} {ran:4} of {len(counts):4} lines {percent:6.1f} %")
        for n in sorted(counts):
            if n not in whole.get(path, ()):
                (parts if counts[n] else missed).append(f"{path}:{n}: {lines[n - 1].strip()}")
    print(f"{'kernels/':32} {covered:4} of {total:4} lines {100 * covered / max(total, 1):6.1f} %")
    unchecked = sum(commit == "never" for commit in entries.values())
    print(f"only a GPU runs {len(entries)} bodies and files, of which none has checked {unchecked}")
    for line in parts if "--parts" in options else ():
        print("in part:", line)
    for line in missed:
        print("not run:", line)
    for line in trouble:
        print(f"{list_path}: {line}")
    sys.exit(1 if missed or trouble or not total else 0)


main()
