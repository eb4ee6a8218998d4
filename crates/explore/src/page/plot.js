// Panels of curves, drawn as SVG: one for every column, with one pointer for all of them.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 210, LEFT = 54, RIGHT = 12, TOP = 8, BOTTOM = 36;
const DASHES = { solid: "", dashed: "7 4", dotted: "1.5 4", dashdotted: "7 3 1.5 3", dashdot: "7 3 1.5 3" };

function drawn(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function made(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

// q_η₊ is q with the index η₊.
function symbol(text) {
  const [base, ...index] = text.split("_");
  const whole = document.createDocumentFragment();
  whole.append(base);
  if (index.length) whole.append(made("sub", {}, index.join("_")));
  return whole;
}

// A number for a reader; infinities come as words.
function readable(value, digits = 6) {
  if (value === null || value === undefined) return "–";
  if (value === "inf" || value === Infinity) return "∞";
  if (value === "-inf" || value === -Infinity) return "−∞";
  if (typeof value !== "number") return String(value);
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

function niceStep(span, count) {
  const rough = span / Math.max(count, 1), power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) * power;
}

function linearTicks(from, to, count) {
  const step = niceStep(to - from, count), ticks = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + 1e-9 * step; i++) ticks.push(i * step);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const large = Math.max(Math.abs(from), Math.abs(to));
  const text = (x) =>
    large >= 1e5 || large < 1e-3 ? readable(Number(x.toPrecision(3))) : x.toFixed(decimals).replace("-", "−");
  return ticks.map((x) => [x, Math.abs(x) < step * 1e-6 ? "0" : text(x)]);
}

function logTicks(from, to, count) {
  const low = Math.floor(Math.log10(from)), high = Math.ceil(Math.log10(to)), decades = Math.log10(to / from);
  const factors = decades > 3 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 3, 5, 7];
  const every = Math.max(1, Math.ceil(decades / count)), ticks = [];
  for (let power = low; power <= high; power++) {
    for (const factor of factors) {
      const x = factor * 10 ** power;
      if (x >= from * 0.9999 && x <= to * 1.0001 && power % every === 0) ticks.push([x, readable(x, 3)]);
    }
  }
  return ticks.length > 1 ? ticks : linearTicks(from, to, count);
}

// The curves of a column: rows of a system, and of a branch where all are shown. A piece ends where the branch or the piece of the
// system changes, and where there is no number; what is not of the lowest energy is dashed.
function curvesOf(answer, column) {
  const { data, control, branches } = answer, curves = new Map(), lowest = new Map();
  const lines = Object.fromEntries(answer.systems.map((system) => [system.name, system.line]));
  const first = answer.systems[0].name;
  for (let i = 0; i < answer.rows; i++) {
    const system = data.system ? data.system[i] : first, branch = data.branch?.[i] ?? "", piece = data.piece?.[i] ?? "";
    const x = data[control][i], y = data[column][i], place = `${system}\n${piece}\n${x}`;
    const own = branches ? branch : "", key = `${system}\n${own}`;
    if (!lowest.has(place)) lowest.set(place, i);
    if (!curves.has(key)) {
      const label = [answer.systems.length > 1 ? system : "", own].filter(Boolean).join(", ") || first;
      curves.set(key, { label, key, dash: DASHES[lines[system]] ?? "", points: [] });
    }
    const faint = branches && lowest.get(place) !== i && data.energy?.[i] !== null;
    curves.get(key).points.push({ x, y: typeof y === "number" ? y : null, said: y, part: `${branch}\n${piece}`, faint });
  }
  const all = [...curves.values()];
  all.forEach((curve, place) => (curve.colour = place % answer.palette.length));
  return all;
}

function extent(values) {
  let least = Infinity, most = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}

// What is shown of the axis y; axes that are held only grow.
function heights(curves, held) {
  let [least, most] = extent(curves.flatMap((curve) => curve.points.map((point) => point.y)));
  if (!(least <= most)) [least, most] = held ?? [0, 1];
  const size = Math.max(Math.abs(least), Math.abs(most));
  if (most - least < 1e-9 * size || most === least) {
    const room = size * 0.1 || 1;
    [least, most] = [least - room, most + room];
  } else {
    const room = 0.05 * (most - least);
    [least, most] = [least - room, most + room];
  }
  return held ? [Math.min(held[0], least), Math.max(held[1], most)] : [least, most];
}

// The paths of a curve: what is solid, and what is dashed.
function paths(curve, place) {
  const parts = { solid: "", faint: "" };
  let before = null;
  const { points } = curve;
  points.forEach((point, i) => {
    const [x, y] = place(point);
    if (point.y === null || !Number.isFinite(x)) return (before = null);
    const next = points[i + 1], joined = before && before.point.part === point.part;
    const goes = next && next.y !== null && next.part === point.part;
    const style = point.faint || (joined && before.point.faint) ? "faint" : "solid";
    if (joined) parts[style] += before.style === style ? `L${x} ${y}` : `M${before.x} ${before.y}L${x} ${y}`;
    // A point by itself is a dot.
    else parts[style] += goes ? `M${x} ${y}` : `M${x} ${y}h0`;
    before = { point, x, y, style };
  });
  return parts;
}

function colourOf(palette, place) {
  const [r, g, b] = palette[place];
  return r + g + b === 0 ? "var(--ink)" : `rgb(${r} ${g} ${b})`;
}

// Draws a panel into its box, and gives what moves the pointer to a value of x.
function drawPanel(box, panel, palette) {
  const width = Math.max(220, box.clientWidth || 340), inner = [LEFT, width - RIGHT, HEIGHT - BOTTOM, TOP];
  const { curves, x, y } = panel;
  const scale = ([from, to], [start, end], log) => {
    const at = log ? Math.log : (value) => value;
    const [low, high] = [at(from), at(to)];
    return (value) => start + ((at(value) - low) / (high - low || 1)) * (end - start);
  };
  const across = scale(x.range, [inner[0], inner[1]], x.log), up = scale(y, [inner[2], inner[3]], false);
  const place = (point) => [Number(across(point.x).toFixed(2)), Number(up(point.y ?? 0).toFixed(2))];
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, role: "img", "aria-label": panel.name });
  const xTicks = (x.log ? logTicks : linearTicks)(...x.range, Math.max(3, Math.floor(width / 80)));
  for (const [value, text] of xTicks) {
    const at = across(value);
    svg.append(drawn("line", { class: "grid", x1: at, x2: at, y1: inner[2], y2: inner[3] }));
    svg.append(drawn("text", { x: at, y: inner[2] + 15, "text-anchor": "middle" }, text));
  }
  for (const [value, text] of linearTicks(...y, 5)) {
    const at = up(value);
    svg.append(drawn("line", { class: "grid", x1: inner[0], x2: inner[1], y1: at, y2: at }));
    svg.append(drawn("text", { x: inner[0] - 6, y: at + 4, "text-anchor": "end" }, text));
  }
  const [base, ...index] = x.symbol.split("_");
  const name = drawn("text", { x: (inner[0] + inner[1]) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, base);
  if (index.length) name.append(drawn("tspan", { dy: 3, "font-size": 9 }, index.join("_")));
  svg.append(name);
  const [w, h] = [inner[1] - inner[0], inner[2] - inner[3]];
  svg.append(drawn("rect", { class: "frame", x: inner[0], y: inner[3], width: w, height: h }));
  for (const curve of curves) {
    const parts = paths(curve, place), stroke = colourOf(palette, curve.colour);
    const lines = [[parts.solid, curve.dash], [parts.faint, "4 4"]];
    for (const [d, dash] of lines.filter(([d]) => d)) {
      svg.append(drawn("path", { class: "curve", d, stroke, "stroke-dasharray": dash }));
    }
  }
  const line = drawn("line", { class: "pointer", y1: inner[2], y2: inner[3], visibility: "hidden" });
  const dots = curves.map((curve) => drawn("circle", { r: 3.5, fill: colourOf(palette, curve.colour), visibility: "hidden" }));
  svg.append(line, ...dots);
  const head = made("h3", { title: panel.meaning }, made("span", {}, symbol(panel.symbol)), made("small", {}, panel.meaning));
  const values = made("p", { className: "values" });
  box.replaceChildren(head, svg, values);

  // The x under a place on the screen.
  const under = (event) => {
    const frame = svg.getBoundingClientRect(), at = ((event.clientX - frame.left) / frame.width) * width;
    const part = Math.min(1, Math.max(0, (at - inner[0]) / w)), [from, to] = x.range;
    return x.log ? from * (to / from) ** part : from + part * (to - from);
  };
  // Values of the row that is nearest to a place; a curve that does not go there has none.
  const point = (wanted) => {
    const away = (p) => Math.abs(across(p.x) - across(wanted));
    let nearest = null;
    for (const curve of wanted === null ? [] : curves) {
      for (const p of curve.points) if (nearest === null || away(p) < away(nearest)) nearest = p;
    }
    const said = nearest === null ? [] : [made("span", {}, `${x.name} = ${readable(nearest.x)}`)];
    curves.forEach((curve, i) => {
      const here = nearest === null ? [] : curve.points.filter((p) => p.x === nearest.x);
      const seen = here.find((p) => p.y !== null);
      dots[i].setAttribute("visibility", seen ? "visible" : "hidden");
      if (!here.length) return;
      if (seen) {
        const [cx, cy] = place(seen);
        dots[i].setAttribute("cx", cx);
        dots[i].setAttribute("cy", cy);
      }
      const value = made("span", {}, readable((seen ?? here[0]).said));
      value.style.color = colourOf(palette, curve.colour);
      said.push(value);
    });
    values.replaceChildren(...said);
    line.setAttribute("visibility", nearest === null ? "hidden" : "visible");
    if (nearest === null) return;
    line.setAttribute("x1", across(nearest.x));
    line.setAttribute("x2", across(nearest.x));
  };
  return { svg, under, point };
}

// Draws an answer: the legend, then a panel for every column.
function drawAnswer(answer, where, held) {
  const columns = Object.fromEntries(answer.columns.map((column) => [column.name, column]));
  const control = columns[answer.control];
  let range = extent(answer.data[answer.control]);
  if (range[0] === range[1]) {
    const room = Math.abs(range[0]) * 0.1 || 1;
    range = answer.log ? [range[0] / 1.2, range[1] * 1.2] : [range[0] - room, range[1] + room];
  }
  const x = { name: control.symbol, symbol: control.symbol, range, log: answer.log && range[0] > 0 };
  const boxes = answer.drawn.map((_, i) => where.panels.children[i] ?? where.panels.appendChild(made("div", { className: "panel" })));
  while (where.panels.children.length > boxes.length) where.panels.lastChild.remove();
  const panels = answer.drawn.map((name, i) => {
    const curves = curvesOf(answer, name), y = heights(curves, held?.[name]);
    if (held) held[name] = y;
    const { symbol, meaning } = columns[name];
    return drawPanel(boxes[i], { name, symbol, meaning, curves, x, y }, answer.palette);
  });
  for (const panel of panels) {
    const move = (event) => panels.forEach((other) => other.point(panel.under(event)));
    panel.svg.addEventListener("pointermove", move);
    panel.svg.addEventListener("pointerdown", move);
    panel.svg.addEventListener("pointerleave", () => panels.forEach((other) => other.point(null)));
  }
  const curves = answer.drawn.length ? curvesOf(answer, answer.drawn[0]) : [];
  const entry = (text, stroke, dash) => {
    const line = drawn("line", { class: "curve", x1: 1, x2: 25, y1: 5, y2: 5, stroke, "stroke-dasharray": dash });
    return made("span", {}, drawn("svg", { width: 26, height: 10 }, line), text);
  };
  const entries = curves.length > 1 ? curves.map((c) => entry(c.label, colourOf(answer.palette, c.colour), c.dash)) : [];
  if (curves.some((curve) => curve.points.some((point) => point.faint))) {
    entries.push(entry("not of the lowest energy", "var(--pale)", "4 4"));
  }
  where.legend.replaceChildren(...entries);
}
