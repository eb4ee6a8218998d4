"""One training step of the U-Net of `overlaps images` beside the same network in PyTorch: loss, slopes, parameters after AdamW, and
the time of a forward pass and of a step.

    python benches/images/step.py [SIDE CHANNELS LEVELS [plain|attention]]

Builds and runs crates/images/examples/step.rs on one thread (STEP names a program that is built already). Ends with an error where they
differ by more than 1e-5 of the largest slope, or of the length of a step.
"""

import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
import torch.nn.functional as F

side, channels, levels = (int(x) for x in (sys.argv[1:4] or (14, 32, 2)))
kind = (sys.argv[4:5] or ["plain"])[0]
torch.set_num_threads(1)
TIME = 32


class Parameters:
    """Takes parameters in the order in which the network makes them, and gives them back in that order."""

    def __init__(self, numbers):
        self.rest, self.all = numbers, []

    def take(self, *shape):
        count = int(np.prod(shape))
        own, self.rest = self.rest[:count], self.rest[count:]
        tensor = torch.tensor(own.reshape(shape), requires_grad=True)
        self.all.append(tensor)
        return tensor

    def convolution(self, size, inputs, outputs):
        weights, bias = self.take(size, size, inputs, outputs), self.take(outputs)
        return lambda x: F.conv2d(x, weights.permute(3, 2, 0, 1), bias, padding=size // 2)

    def normalisation(self, width):
        scale, shift = self.take(width), self.take(width)
        return lambda x: F.silu(F.group_norm(x, width // 8, scale, shift, 1e-5))

    def attention(self, width):
        scale, shift = self.take(width), self.take(width)
        joint, out = self.convolution(1, width, 3 * width), self.convolution(1, width, width)

        def apply(x):
            q, k, v = joint(F.group_norm(x, width // 8, scale, shift, 1e-5)).flatten(2).transpose(1, 2).chunk(3, 2)
            return x + out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape))

        return apply

    def block(self, inputs, outputs):
        first, one, told = self.normalisation(inputs), self.convolution(3, inputs, outputs), self.convolution(1, TIME, outputs)
        second, other = self.normalisation(outputs), self.convolution(3, outputs, outputs)
        beside = self.convolution(1, inputs, outputs) if inputs != outputs else (lambda x: x)
        return lambda x, t: other(second(one(first(x)) + told(t))) + beside(x)


def network(p):
    embed = [p.convolution(1, TIME, TIME), p.convolution(1, TIME, TIME)]
    enter = p.convolution(3, 1, channels)
    down = [p.block(channels, channels) for _ in range(levels)]
    attend = p.attention(channels) if kind == "attention" else (lambda x: x)
    bottom = p.block(channels, channels)
    up = [p.block(2 * channels, channels) for _ in range(levels - 1)]
    last, leave = p.normalisation(channels), p.convolution(3, channels, 1)

    def apply(x, t):
        k = torch.arange(TIME // 2, dtype=torch.float64)
        angle = t.double()[:, None] * 1000 * 10000 ** (-k / (TIME // 2))
        t = torch.cat([angle.sin(), angle.cos()], 1).float()[:, :, None, None]
        for layer in embed:
            t = F.silu(layer(t))
        x, left = enter(x), []
        for level, block in enumerate(down):
            x = block(x, t)
            if level + 1 < levels:
                left.append(x)
                x = F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)
        x = bottom(attend(x), t)
        for block in up:
            beside = left.pop()
            x = F.interpolate(x, scale_factor=2)[:, :, : beside.shape[2], : beside.shape[3]]
            x = block(torch.cat([x, beside], 1), t)
        return leave(last(x))

    return apply


def numbers(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        file.readline()
        return np.frombuffer(file.read(), "<f4").copy()


with tempfile.TemporaryDirectory() as folder:
    program = [os.environ["STEP"]] if "STEP" in os.environ else "cargo run --release -p overlaps-images --example step --".split()
    words = [folder, str(side), str(channels), str(levels), kind]
    told = subprocess.run(program + words, check=True, capture_output=True, text=True, env={**os.environ, "RAYON_NUM_THREADS": "1"})
    loss, forward, step = (float(x) for x in told.stdout.split())
    read = {name: numbers(folder, name) for name in "before after slopes images targets times".split()}

parameters = Parameters(read["before"])
apply = network(parameters)
assert parameters.rest.size == 0, "the networks have different parameters"
x, z, t = (torch.tensor(read[name]) for name in ("images", "targets", "times"))
x, z = x.view(-1, 1, side, side), z.view(-1, 1, side, side)


def learn(optimiser):
    optimiser.zero_grad()
    value = F.mse_loss(apply(x, t), z)
    value.backward()
    slopes = np.concatenate([p.grad.numpy().ravel() for p in parameters.all])
    torch.nn.utils.clip_grad_norm_(parameters.all, 1.0)
    optimiser.step()
    return value.item(), slopes


def least(work):
    def once():
        start = time.perf_counter()
        work()
        return 1e3 * (time.perf_counter() - start)

    return min(once() for _ in range(10))


optimiser = torch.optim.AdamW(parameters.all, 1e-3, weight_decay=0.01)
value, slopes = learn(optimiser)
after = np.concatenate([p.detach().numpy().ravel() for p in parameters.all])
of_slopes = abs(slopes - read["slopes"]).max() / abs(slopes).max()
# Where a slope is within its round-off of zero, the first step of AdamW has a sign that is chance; elsewhere it is compared.
large = abs(slopes) > 1e-4 * abs(slopes).max()
of_step = abs(after - read["after"])[large].max()
with torch.no_grad():
    own_forward = least(lambda: apply(x, t))
own_step = least(lambda: learn(optimiser))
print(f"{side}x{side}, {channels} channels, {levels} levels, {kind}: {slopes.size} parameters, batch 64, one thread")
print(f"loss {loss:.7f} and {value:.7f}; slopes differ by {of_slopes:.1e} of the largest; parameters after the step by {of_step:.1e}")
print(f"forward {forward:.0f} ms, PyTorch {own_forward:.0f} ms; step {step:.0f} ms, PyTorch {own_step:.0f} ms")
if max(of_slopes, of_step, abs(loss - value)) > 1e-5:
    sys.exit("they differ by more than 1e-5")
