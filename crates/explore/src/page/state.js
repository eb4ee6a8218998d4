// What is shown, as it is kept in the address behind # and sent to the command.

const state = { system: "", text: null, set: {}, control: null, columns: null, compare: [], branches: false };
// What the command says of the system, and of those beside it.
let described = null;
const beside = new Map();

// All parameters: those of the system, then those that only systems beside it have.
function allParameters() {
  const all = new Map(described.parameters.map((parameter) => [parameter.name, { ...parameter, of: null }]));
  for (const name of state.compare) {
    for (const parameter of beside.get(name)?.parameters ?? []) {
      if (!all.has(parameter.name)) all.set(parameter.name, { ...parameter, of: name });
    }
  }
  return [...all.values()];
}

function defaultRange() {
  const { from, to, points } = described.control;
  return { from: String(from), to: String(to), points: Math.min(points, limits.most_points), log: false };
}

// The columns that are shown: those of the file, or the first.
function shownColumns() {
  if (state.columns) return state.columns;
  const names = described.plot.length ? described.plot : described.outputs.map((output) => output.name);
  return names.slice(0, 8);
}

// The state as it is sent, with so many points.
function asked(points) {
  const known = new Set(allParameters().map((parameter) => parameter.name));
  const set = Object.fromEntries(Object.entries(state.set).filter(([name]) => known.has(name)));
  const range = { ...state.control, points };
  const plain = JSON.stringify(range) === JSON.stringify(defaultRange()) && described.control.points === points;
  return {
    system: state.system, text: state.text, set, control: plain ? null : range,
    columns: state.columns ?? (shownColumns().length < described.outputs.length && !described.plot.length ? shownColumns() : []),
    compare: state.compare, branches: state.branches,
  };
}

// Browsers refuse an address that changes with every step of a slider.
let keeping = null;

function keep() {
  clearTimeout(keeping);
  keeping = setTimeout(keepNow, 300);
}

function keepNow() {
  const words = new URLSearchParams();
  words.set("system", state.system);
  for (const [name, value] of Object.entries(state.set)) words.set(`p.${name}`, value);
  const { from, to, points, log } = state.control;
  if (JSON.stringify(state.control) !== JSON.stringify(defaultRange())) {
    words.set("control", `${log ? "log:" : ""}${from}:${to}:${points}`);
  }
  if (state.columns) words.set("columns", state.columns.join(","));
  if (state.compare.length) words.set("compare", state.compare.join(","));
  if (state.branches) words.set("branches", "");
  history.replaceState(null, "", `#${words}`);
}

// What is kept in the address; the text of an edited file is not.
function kept() {
  const words = new URLSearchParams(location.hash.slice(1)), list = (name) => words.get(name)?.split(",").filter(Boolean);
  const control = words.get("control")?.match(/^(log:)?([^:]*):([^:]*):(\d+)$/);
  return {
    system: words.get("system"),
    set: Object.fromEntries([...words].filter(([name]) => name.startsWith("p.")).map(([name, value]) => [name.slice(2), value])),
    control: control ? { from: control[2], to: control[3], points: Number(control[4]), log: Boolean(control[1]) } : null,
    columns: list("columns") ?? null, compare: list("compare") ?? [], branches: words.has("branches"),
  };
}
