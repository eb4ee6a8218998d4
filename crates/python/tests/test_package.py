"""The package says what the command says."""

import inspect
import os
import re
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import overlaps

FILE = """title = "magnet"
[control]
name = "J"
from = 1.5
to = 2
points = 3
meaning = "coupling"
[unknowns]
m = { meaning = "magnetisation", range = [0.1, 1] }
[fixed_point]
m = "tanh(J*m)"
"""


def command(*words, **options):
    """The command of this package, as a user runs it."""
    return subprocess.run([sys.executable, "-m", "overlaps", *words], capture_output=True, text=True, **options)


def csv(*words):
    return command(*words, "--format", "csv", "--quiet").stdout


@pytest.mark.parametrize(
    "words, call",
    [
        (["solve", "two-phase"], lambda: overlaps.solve("two-phase")),
        (
            ["solve", "first-phase", "--set", "n=8", "--sweep", "t=0.1,0.3"],
            lambda: overlaps.solve("first-phase", [0.1, 0.3], n=8),
        ),
        (["solve", "first-phase", "--branches"], lambda: overlaps.solve("first-phase", branches=True)),
        (
            ["solve", "first-phase", "--sweep", "n=8,16", "--set", "lambda=0.2"],
            lambda: overlaps.solve("first-phase", n=np.array([8, 16]), λ=0.2),
        ),
        (["critical", "first-phase"], lambda: overlaps.critical("first-phase")),
        (
            ["simulate", "--seeds", "2", "--set", "n=8", "--set", "d=100", "--sweep", "t=0.2,0.6"],
            lambda: overlaps.simulate(seeds=2, n=8, d=100, control=[0.2, 0.6]),
        ),
    ],
)
def test_the_csv_is_that_of_the_command(words, call):
    expected = csv(*words)
    result = call()
    assert len(expected.splitlines()) > 1
    assert result.csv() == expected
    # Columns are the numbers of the CSV, to the last bit.
    header, *rows = [line.split(",") for line in expected.splitlines()]
    assert result.names == header
    for place, name in enumerate(header):
        fields = [row[place] for row in rows]
        if isinstance(result[name], list):
            assert [x or "" for x in result[name]] == fields
        else:
            np.testing.assert_array_equal(result[name], [float(x or "nan") for x in fields])


def test_a_limit_is_that_of_the_command(tmp_path):
    path = tmp_path / "limit.csv"
    assert command("limit", "two-phase", "--quiet", "--output", str(path)).returncode == 0
    assert overlaps.limit("two-phase").csv() == path.read_text()


def test_measurements_of_a_frame_a_mapping_and_a_file_give_the_same_verdict(tmp_path):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    runs = overlaps.simulate(seeds=6, n=8, d=[100, 200, 400], control=[0.3, 0.6])
    path = tmp_path / "runs.csv"
    runs.write_csv(path)
    expected = csv("check", "first-phase", "--against", str(path))
    assert len(expected.splitlines()) > 1
    for measurements in [path, runs, runs.to_pandas(), runs.to_polars(), {name: runs[name] for name in runs}]:
        checked = overlaps.check("first-phase", measurements)
        assert checked.csv() == expected
    assert checked.verdicts
    del pandas, polars


def test_notes_do_not_name_the_file_that_measurements_are_handed_over_in():
    runs = {"N": [50, 100] * 2, "seed": [0, 0, 1, 1], "T": [1.5] * 4, "m": [0.1, 0.0, 0.0, 0.1]}
    checked = overlaps.check("curie-weiss", runs, size="N", corrections="1/N")
    assert any("not in measurements, so by default" in note for note in checked.notes), checked.notes
    assert checked.system.startswith("curie-weiss against measurements: "), checked.system


def test_a_check_draws_the_columns_that_are_asked_for():
    pytest.importorskip("matplotlib").use("agg")
    runs = {"N": [50, 100] * 2, "seed": [0, 0, 1, 1], "alpha": [1.0] * 4, "lambda": [0.3] * 4, "Delta": [0.25] * 4}
    runs |= {"m": [0.58, 0.57, 0.60, 0.58], "q": [0.55, 0.57, 0.54, 0.56]}
    checked = overlaps.check("ridge", runs, size="N")
    assert [ax.get_ylabel() for ax in checked.plot("q")] == ["q", "q − ridge"]
    assert [ax.get_ylabel() for ax in checked.plot()] == ["m", "q", "m − ridge", "q − ridge"]
    with pytest.raises(ValueError, match="there is no column `r`"):
        checked.plot("r")


def test_measurements_at_several_parameters_have_a_verdict_though_no_figure():
    runs = {"N": [50, 100, 200] * 4, "seed": [0] * 3 + [1] * 3 + [0] * 3 + [1] * 3, "alpha": [1.0] * 12}
    runs |= {"lambda": [0.3] * 6 + [0.5] * 6, "Delta": [0.25] * 12}
    runs |= {"m": [0.58, 0.57, 0.6, 0.58, 0.59, 0.57, 0.5, 0.49, 0.51, 0.48, 0.5, 0.51]}
    checked = overlaps.check("ridge", runs, size="N", corrections="1/N")
    assert len(checked.verdicts) == 1 and sorted(set(checked["lambda"])) == [0.3, 0.5]
    with pytest.raises(overlaps.Error, match="one combination of parameters"):
        checked.plot()
    assert "<table>" in checked._repr_html_()


def test_a_notebook_shows_notes_and_verdicts():
    text = 'title = "two roots"\ncontrol = { name = "t", from = 1, to = 2, points = 3 }\n'
    result = overlaps.solve_text(text + '[unknowns]\nx = "root"\n[residual]\nr = "x^2 - t"\n')
    assert "there are several solutions" in result._repr_html_()
    runs = {"N": [50, 100] * 2, "seed": [0, 0, 1, 1], "T": [1.5] * 4, "m": [0.1, 0.0, 0.0, 0.1]}
    shown = overlaps.check("curie-weiss", runs, size="N", corrections="1/N")._repr_html_()
    assert "curie-weiss: " in shown and "so by default" in shown


@pytest.mark.parametrize("page", [page for page in os.environ.get("PAGES", "").split() if page.endswith("python.md")])
def test_the_page_names_every_function_and_argument(page):
    with open(page, encoding="utf-8") as file:
        listed = dict(re.findall(r"^\| `(\w+)\((.*?)\)`", file.read(), re.MULTILINE))
    functions = [name for name in overlaps.__all__ if inspect.isfunction(getattr(overlaps, name))]
    assert sorted(functions) == sorted(name for name in listed if name in overlaps.__all__)
    # Said below the table for all of them.
    common = {"tolerance", "threads", "progress", "parameters", "named", "options"}
    for name in functions:
        arguments = set(inspect.signature(getattr(overlaps, name)).parameters) - common
        said = {argument.split("=")[0] for argument in listed[name].split(", ")} - {"*", "…", "name", "options"}
        assert arguments == said, name


def test_measurements_may_call_their_size_otherwise_and_have_other_columns():
    pytest.importorskip("pandas")
    runs = overlaps.simulate(seeds=6, n=8, d=[100, 200, 400], control=[0.3, 0.6])
    theories = {"compare": ["first-phase-printed"]}
    expected = overlaps.check("first-phase", runs, **theories)
    frame = runs.to_pandas().rename(columns={"d": "N"}).assign(comment="fine")
    found = overlaps.check("first-phase", frame, size="N", corrections="1/N, 1/sqrt(N)", **theories)
    assert list(found["z"]) == list(expected["z"]) and "N" in found and "comment" in " ".join(found.notes)
    near = frame.rename(columns={"interpolant": "interpolnat"})
    with pytest.raises(overlaps.Error, match="did you mean `interpolant`"):
        overlaps.check("first-phase", near, size="N", **theories)
    assert list(overlaps.check("first-phase", near, size="N", ignore=["interpolnat"], **theories)["z"]) == list(expected["z"])


def test_a_study_is_computed_and_read_back(tmp_path):
    study = tmp_path / "study.toml"
    study.write_text('command = "solve"\nsystem = "first-phase"\n[sweep]\nn = [8, 16]\nt = [0.2, 0.4]\n')
    result = overlaps.sweep(study)
    assert len(result) == 4
    np.testing.assert_array_equal(result.m, overlaps.solve("first-phase", [0.2, 0.4], n=[8, 16]).m)
    assert (tmp_path / "study.csv").exists()


def test_text_file_and_path_are_the_same_system(tmp_path):
    path = tmp_path / "magnet.toml"
    path.write_text(FILE)
    of_text = overlaps.solve_text(FILE)
    assert overlaps.solve(path).csv() == overlaps.solve(str(path)).csv()
    # A text has no name of its own.
    assert of_text.csv().replace(",equations,", ",magnet,") == overlaps.solve(path).csv()
    # m = tanh(J m), to rounding.
    np.testing.assert_allclose(of_text.m, np.tanh(of_text.J * of_text.m), rtol=1e-14)


def test_errors_have_the_text_of_the_command_and_its_place(tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(FILE.replace("tanh(J*m)", "tanh(J*n)"))
    with pytest.raises(overlaps.EquationError) as raised:
        overlaps.solve(str(path))
    assert command("solve", str(path)).stderr == f"error: {raised.value}\n"
    assert (raised.value.file, raised.value.line) == (str(path), 11)
    assert f"{path}:11:{raised.value.column}" in str(raised.value)
    for words, call in [
        (["--set", "lamda=0.1"], lambda: overlaps.solve("first-phase", lamda=0.1)),
        (["--set", "n=-1"], lambda: overlaps.solve("first-phase", n=-1)),
        (["--set", "n=word"], lambda: overlaps.solve("first-phase", n="word")),
        (["--sweep", "t=0.1,7"], lambda: overlaps.solve("first-phase", [0.1, 7])),
    ]:
        with pytest.raises(overlaps.Error) as raised:
            call()
        assert command("solve", "first-phase", *words).stderr == f"error: {raised.value}\n"
    for call, part in [
        (lambda: overlaps.solve("first-fase"), "first-phase"),
        (lambda: overlaps.solve("first-phase", threads=0), "1 or more"),
        (lambda: overlaps.solve("first-phase", tolerance=2), "1e-2"),
        (lambda: overlaps.solve("first-phase", n=[]), "without values"),
        (lambda: overlaps.solve("first-phase", n=None), "a number, a word"),
        (lambda: overlaps.solve("first-phase", [0.5])["w"], "no column"),
        (lambda: overlaps.check("first-phase", {"t": [1], "m": [1, 2]}), "different lengths"),
        (lambda: overlaps.flow("first-phase"), "does not move"),
    ]:
        with pytest.raises(overlaps.Error, match=part):
            call()


def test_rows_that_do_not_converge_are_warned_of():
    # Above the range there is no solution.
    text = FILE.replace("[0.1, 1]", "[0.99, 1]")
    with pytest.warns(overlaps.NotConvergedWarning, match="did not converge"):
        result = overlaps.solve_text(text)
    assert "not-converged" in result.status
    assert np.isnan(result.m[[s == "not-converged" for s in result.status]]).all()


def test_threads_do_not_matter_and_it_runs_in_a_thread():
    alone = overlaps.solve("first-phase", n=[8, 16, 32], threads=1).csv()
    found = []
    thread = threading.Thread(target=lambda: found.append(overlaps.solve("first-phase", n=[8, 16, 32], threads=3).csv()))
    thread.start()
    thread.join()
    assert found == [alone]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_in_the_middle_of_a_curve_is_a_keyboard_interrupt():
    sent = []

    def send():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.5, send)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        overlaps.solve("finite-d", "0.01:2:2000", d=100, threads=1)
    # All of it would take an hour.
    assert time.monotonic() - sent[0] < 20
    # It can be used again.
    assert len(overlaps.solve("first-phase", [0.5])) == 1


def test_progress_is_told():
    seen = []
    overlaps.solve("first-phase", n=[8, 16, 32], progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)


def test_frames_figures_and_notebooks():
    result = overlaps.solve("first-phase", n=[8, 16])
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    assert list(result.to_pandas()["m"]) == list(result.m)
    assert result.to_polars()["m"].to_list() == list(result.m)
    assert "<svg" in result._repr_html_() and "<table>" in result._repr_html_()
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    axes = result.plot(["m"])
    assert [line.get_label() for line in axes[0].get_lines()] != []
    assert axes[0].get_legend().get_texts()[0].get_text() == "n = 8"
    assert not result.m.flags.writeable
    assert dict(result).keys() == set(result.names)
    assert set(overlaps.solve("first-phase", branches=True).branches)
    del pandas, polars


def test_types_of_columns_are_guessed_from_the_first_row(tmp_path):
    import pandas
    import polars

    path = tmp_path / "curve.csv"
    command("solve", "two-phase", "t=0:2:21", "--output", str(path), "--quiet")
    frame = polars.read_csv(path, infer_schema_length=1)
    words = {"piece", "branch", "rule", "status"}
    for name, kind in frame.schema.items():
        expected = polars.String if name in words else polars.Int64 if name in {"nodes", "iterations"} else polars.Float64
        assert kind == expected, name
    same = pandas.read_csv(path)
    assert (same["c"].dtype, same["m"].dtype) == (float, float)
    np.testing.assert_array_equal(same["m"], frame["m"].to_numpy())


def test_the_command_keeps_its_exit_codes(tmp_path):
    version = command("--version")
    assert (version.returncode, version.stdout) == (0, f"overlaps {overlaps.__version__}\n")
    assert command("solve", "nothing").returncode == 1
    assert command("solve").returncode == 2
    path = tmp_path / "side.csv"
    command("solve", "first-phase", "--output", str(path))
    side = overlaps._result.json.loads((tmp_path / "side.json").read_text())
    assert side["command"] == ["overlaps", "solve", "first-phase", "--output", str(path)]


def test_examples_in_docstrings():
    import doctest

    for module in (overlaps, overlaps._functions):
        assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("page", os.environ.get("PAGES", "").split())
def test_what_a_page_shows_can_be_run(page, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib").use("Agg")
    with open(page, encoding="utf-8") as file:
        blocks = re.findall(r"^```python\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    assert blocks
    monkeypatch.chdir(tmp_path)
    shared = {}
    for block in blocks:
        exec(compile(block, page, "exec"), shared)


def test_a_notebook_shows_figure_and_table():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    cells = ["import overlaps", "overlaps.solve('first-phase', n=8)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=120).execute()
    html = notebook.cells[1].outputs[0]["data"]["text/html"]
    assert "<svg" in html and "<table>" in html
