"""What programs share that time PyTorch on a GPU, most at the sizes of benchmarks/sizes/: their
options, PyTorch where it is, the facts of its device, and graphs."""
import argparse
import importlib
import pathlib
import sys

SIZES = pathlib.Path(__file__).parent.parent / "sizes"


def parser(description, families):
    """An ArgumentParser with the options that all have."""
    out = argparse.ArgumentParser(description=description,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    add = out.add_argument
    add("--sizes", default=SIZES, metavar="FOLDER", help="(default %(default)s)")
    add("--family", default=",".join(families), metavar="NAME,…", help="(default %(default)s)")
    add("--only", default="", metavar="TEXT", help="only sizes that have this in them")
    add("--seconds", type=float, default=1e9, metavar="N", help="begin no row after so many")
    add("--out", metavar="FILE", help="save every run here, and repeat none that is here already")
    return out


def torch_on(device):
    """PyTorch; ends the program where that is not installed, or has not the device."""
    def end(why):
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: PyTorch's rows are left out: {why}")
    try:
        torch = importlib.import_module("torch")
    except ImportError as why:
        end(why)
    if device == "cuda" and not torch.cuda.is_available():
        end("it sees no CUDA device")
    return torch


def facts(torch, device):
    if device == "cpu":
        return {"threads": torch.get_num_threads()}
    return {"device": torch.cuda.get_device_name(), "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version()}


def graph_of(torch, run):
    """Replays of what `run` queues, as a CUDA graph; before it is recorded it runs some times, as
    PyTorch wants it, on a stream beside."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay
