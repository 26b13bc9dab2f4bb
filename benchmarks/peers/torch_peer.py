"""PyTorch in a process of its own, which waits while others are timed; and the environment of every
child."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

# OpenMP's idle threads wait as briefly as in wordloom's program, unless the caller says otherwise:
# libgomp's default costs every system much where another process wants a core.
SPIN = os.environ.get("GOMP_SPINCOUNT", "2000")


def environment(threads):
    """Of every child; peer_environment.py has taken out what slows OpenBLAS."""
    return {**os.environ, "GOMP_SPINCOUNT": SPIN, "OMP_NUM_THREADS": str(threads)}


def end(command, code, messages):
    sys.exit(f"{' '.join(map(str, command))}\nended with {code}:\n{messages[-2000:]}")


def beside(script):
    return [sys.executable, str(pathlib.Path(__file__).with_name(script))]


class Torch:
    """A process of `script`, given its job, that answers a request at a time (torch_server.py)."""

    def __init__(self, script, threads, job):
        self.messages = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            beside(script), env=environment(threads), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.messages, text=True)
        self.send({**job, "threads": threads})

    def send(self, what):
        try:
            print(json.dumps(what), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # its end is told where the answer is missing

    def ask(self, what):
        """The figures that it answers with; None: it failed."""
        self.send(what)
        answer = self.process.stdout.readline()
        return json.loads(answer) if answer else None

    def trouble(self):
        self.messages.seek(0)
        return self.messages.read().strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.messages.close()


def describe_torch():
    """The library's products and the instructions that it chose, in words."""
    command = beside("torch_server.py")
    run = subprocess.run(command, env=environment(1), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        end(command, run.returncode, run.stderr)
    return run.stdout.strip()
