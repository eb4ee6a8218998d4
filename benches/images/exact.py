"""The exact posterior of MNIST's zeros and ones, 80 : 20, in NumPy: how often an image noised to t ends as a zero. The values of
crates/images/examples/mnist.rs.

    python benches/images/exact.py FOLDER [SAMPLES]
"""

import os
import sys

import numpy as np

folder, samples = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 40000
read = lambda name, skip: np.frombuffer(open(os.path.join(folder, name), "rb").read()[skip:], np.uint8)
images = read("train-images-idx3-ubyte", 16).reshape(-1, 784) / 127.5 - 1
labels = read("train-labels-idx1-ubyte", 8)
zeros, ones = images[labels == 0], images[labels == 1][:1480]
data = np.concatenate([zeros, ones]).astype(np.float32)
zero = np.arange(len(data)) < len(zeros)
# Means of 2×2 pixels, with the noise of such means: the same as twice the means with noise of variance 1.
blocks = 2 * data.reshape(-1, 14, 2, 14, 2).mean((2, 4)).reshape(len(data), -1)
rng = np.random.default_rng(5)


def probabilities(x, t, start, count):
    s = 1 - t
    b = np.exp(-(0.1 * s + 9.95 * s * s) / 2)
    a = np.sqrt(1 - b * b)
    noised = b * x[rng.choice(np.where(start)[0], count)] + a * rng.standard_normal((count, x.shape[1]), dtype=np.float32)
    log = (b * (noised @ x.T) - b * b * (x**2).sum(1) / 2) / a**2
    weights = np.exp(log - log.max(1, keepdims=True))
    return weights[:, zero].sum(1) / weights.sum(1)


def fraction(x, t, start):
    # In blocks, since each has a row of all images.
    p = np.concatenate([probabilities(x, t, start, min(1000, samples - done)) for done in range(0, samples, 1000)])
    return f"{p.mean():.4f} ± {p.std() / samples**0.5:.4f}"


for t in (0.2, 0.3, 0.4, 0.45, 0.5, 0.6):
    for name, x in (("28×28", data), ("14×14", blocks)):
        print(f"t = {t} {name}: zeros from zeros {fraction(x, t, zero)}, from ones {fraction(x, t, ~zero)}", flush=True)
