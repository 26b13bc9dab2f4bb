"""Curves of accuracy as SVG: a line for the mean of the seeds, a band from the least to the most of
them."""
import statistics

import matplotlib
from matplotlib.figure import Figure

# Told apart by those who see few colours; the same in every picture.
COLOURS = {"plain": "#d55e00", "plain, reversed": "#0072b2", "peeky, reversed": "#009e73",
           "attention, reversed": "#aa3377"}
GREY = "#555555"
STYLE = {"font.family": "sans-serif", "font.size": 10, "svg.fonttype": "none",
         "svg.hashsalt": "wordloom", "axes.spines.top": False, "axes.spines.right": False,
         "axes.edgecolor": GREY, "xtick.color": GREY, "ytick.color": GREY}
APART = 6  # percent between the middles of labels, at least


def draw(path, title, curves):
    """curves: of each name the percentages by epoch, a list a seed."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 3.4))
        axes = figure.subplots()
        ends = {}
        for name, runs in curves.items():
            colour, by_epoch = COLOURS[name], list(zip(*runs))
            epochs = range(1, len(by_epoch) + 1)
            mean = [statistics.mean(values) for values in by_epoch]
            axes.fill_between(epochs, [min(values) for values in by_epoch],
                              [max(values) for values in by_epoch], color=colour, alpha=0.18,
                              linewidth=0)
            axes.plot(epochs, mean, color=colour, linewidth=1.6, clip_on=False)
            ends[name] = (mean[-1], colour)
        label(axes, len(epochs), ends)
        axes.set(xlim=(1, len(epochs)), ylim=(0, 100), xlabel="epoch",
                 ylabel="test pairs all right, %")
        axes.set_xticks(epochs if len(epochs) <= 10 else [1, *range(5, len(epochs) + 1, 5)])
        axes.yaxis.grid(True, color="#e4e4e4", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_title(title, loc="left", fontsize=11)
        figure.savefig(path, bbox_inches="tight", facecolor="white", metadata={"Date": None})


def label(axes, epoch, ends):
    """The name of each curve beside its end, or a little off where others are close: the lowest
    first, each at least APART above the one before; then down again from the top."""
    order = sorted(ends, key=lambda name: ends[name][0])
    at = {}
    for i, name in enumerate(order):
        at[name] = max(ends[name][0], at[order[i - 1]] + APART if i else 0)
    above = 100 + APART
    for name in reversed(order):
        at[name] = above = min(at[name], above - APART)
    for name, (value, colour) in ends.items():
        axes.annotate(f"{name}  {value:.1f}", (epoch, at[name]), xytext=(7, 0),
                      textcoords="offset points", va="center", color=colour, annotation_clip=False)
