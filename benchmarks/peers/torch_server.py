"""What the processes that run PyTorch share (torch_peer.Torch): a job from stdin, a line of JSON,
and then requests, a line each, each answered with a line. By itself it only says what PyTorch is
built of."""
import json
import re
import sys
import time

import torch
from torch import nn


def draw_as_wordloom(model, size):
    """The parameters of a recurrent model's modules, `size` units wide. Of the two biases of an
    LSTM one stays 0, or both together would move twice as far as one."""
    for name, parameter in model.named_parameters():
        if "embedding" in name:
            nn.init.normal_(parameter, std=0.01)
        elif "weight" in name:
            nn.init.normal_(parameter, std=size ** -0.5)
        else:
            nn.init.zeros_(parameter)
        if "bias_hh" in name:
            parameter.requires_grad_(False)


def timed(run, warm, steps):
    """The figures of `steps` steps by run(count), their mean loss, after `warm` others."""
    run(warm)
    start = time.perf_counter()
    loss = run(steps)
    return {"steps": steps, "seconds": time.perf_counter() - start, "loss": loss}


def serve(make):
    """make(job) gives what answers a request with its figures."""
    job = json.loads(sys.stdin.readline())
    torch.set_num_threads(job["threads"])
    answer = make(job)
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))), flush=True)


def describe():
    config = " ".join(torch.__config__.show().split())
    found = [re.search(pattern, config) for pattern in
             (r"Math Kernel Library Version \S+", r"MKL-DNN v[\d.]+", r"BLAS_INFO=\w+")]
    parts = [match[0] for match in found if match]
    return "; ".join([*parts, f"instructions {torch.backends.cpu.get_cpu_capability()}"])


if __name__ == "__main__":
    print(describe())
