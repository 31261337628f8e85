// The page that shows a cube. What belongs here: controls, the link that restores them, and pictures of the views that the server computes.

const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]; // told apart with any colour vision
const MAP = ["#FDEA45", "#D9C55C", "#B5A26F", "#928F78", "#737679", "#575C6D", "#3A4A6B", "#123570", "#00224E"]; // cividis, dark is large
const MARGIN = { left: 125, right: 20, top: 10, bottom: 70 };
const MOST_LINES = 14;
const at = (id) => document.getElementById(id);
const words = (name) => name.replaceAll("_", " ");
const shown = (value) => (value === null ? "no value" : Number(value.toPrecision(4)).toLocaleString("en-US", { maximumSignificantDigits: 4 }));

const study = await (await fetch("study")).json();
const names = Object.keys(study.quantities).sort();
let state = {};
let drawn = null; // what is on the canvas: the views, and a function from a place on it to a text
let asking = null;

function axesOf(quantity) {
  return study.quantities[quantity].axes.filter((axis) => study.axes[axis].size > 1);
}

function shared() {
  const own = axesOf(state.quantity);
  return state.kind === "pareto" ? own.filter((axis) => axesOf(state.second).includes(axis)) : own;
}

// The state that a link says, with what it leaves out.
function restore() {
  const said = new URLSearchParams(location.hash.slice(1));
  const most = names.reduce((a, b) => (axesOf(b).length > axesOf(a).length ? b : a));
  const known = (name, other) => (names.includes(said.get(name)) ? said.get(name) : other);
  state = { quantity: known("quantity", most), kind: ["map", "lines", "pareto"].includes(said.get("kind")) ? said.get("kind") : "map" };
  state.second = known("second", names.find((name) => name !== state.quantity && axesOf(name).length) ?? state.quantity);
  state.larger = said.get("larger") === "1";
  state.larger2 = said.get("larger2") === "1";
  state.x = said.get("x");
  state.y = said.get("y");
  state.at = Object.fromEntries(Object.entries(study.axes).map(([axis, { size, point }]) => {
    const place = Number.parseInt(said.get(`at.${axis}`) ?? "", 10);
    return [axis, place >= 0 && place < size ? place : point];
  }));
}

function remember() {
  const { at: places, larger, larger2, second, ...rest } = state;
  const link = new URLSearchParams(Object.entries(rest).filter(([, value]) => value));
  if (state.kind === "pareto") {
    link.set("second", second);
    if (larger) link.set("larger", "1");
    if (larger2) link.set("larger2", "1");
  }
  for (const axis of axesOf(state.quantity)) if (places[axis] !== study.axes[axis].point) link.set(`at.${axis}`, places[axis]);
  history.replaceState(null, "", `#${link}`);
}

// The controls follow the state, which is made whole: each quantity has axes of its own.
function settle() {
  const axes = shared();
  const longest = [...axes].sort((a, b) => study.axes[b].size - study.axes[a].size);
  if (!axes.includes(state.x)) state.x = longest[0] ?? "";
  if (!axes.includes(state.y) || state.y === state.x) state.y = state.kind === "lines" ? "" : longest.find((axis) => axis !== state.x) ?? "";
  options("quantity", names, state.quantity);
  options("second", names, state.second);
  options("x", axes, state.x);
  options("y", ["", ...axes.filter((axis) => axis !== state.x)], state.y);
  for (const radio of document.getElementsByName("kind")) radio.checked = radio.value === state.kind;
  at("larger").checked = state.larger;
  at("larger2").checked = state.larger2;
  at("pareto").hidden = state.kind !== "pareto";
  at("pareto").style.display = state.kind === "pareto" ? "" : "none";
  at("x-name").textContent = state.kind === "pareto" ? "points of" : "along";
  at("y-name").textContent = { map: "upwards", lines: "a line for each", pareto: "and of" }[state.kind];
  at("meaning").textContent = study.quantities[state.quantity].meaning;
  const free = [...new Set([...axesOf(state.quantity), ...(state.kind === "pareto" ? axesOf(state.second) : [])])];
  sliders(free.filter((axis) => axis !== state.x && axis !== state.y));
}

function options(id, values, chosen) {
  at(id).replaceChildren(...values.map((value) => new Option(words(value) || "-", value, false, value === chosen)));
}

function sliders(axes) {
  const box = at("sliders");
  if (box.dataset.axes === axes.join()) return;
  box.dataset.axes = axes.join();
  box.replaceChildren(...axes.map((axis) => {
    const label = document.createElement("label");
    const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: study.axes[axis].size - 1, value: state.at[axis], id: `at.${axis}` });
    const value = Object.assign(document.createElement("output"), { id: `label.${axis}` });
    label.append(words(axis), value, slider);
    slider.addEventListener("input", () => { state.at[axis] = Number(slider.value); refresh(); });
    return label;
  }));
}

function address(quantity) {
  const query = new URLSearchParams({ quantity, x: state.x, ...(state.y ? { y: state.y } : {}) });
  for (const axis of axesOf(quantity)) if (axis !== state.x && axis !== state.y) query.set(`at.${axis}`, state.at[axis]);
  return `view?${query}`;
}

async function ask(quantity, signal) {
  const answer = await fetch(address(quantity), { signal });
  const view = await answer.json();
  if (!answer.ok) throw new Error(view.error);
  return view;
}

async function refresh() {
  settle();
  remember();
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const started = performance.now();
  const late = setTimeout(() => say("computing ..."), 300);
  try {
    const wanted = state.kind === "pareto" ? [state.quantity, state.second] : [state.quantity];
    const views = await Promise.all(wanted.map((name) => ask(name, signal)));
    for (const view of views) for (const [axis, label] of Object.entries(view.held)) if (at(`label.${axis}`)) at(`label.${axis}`).value = label;
    picture(views);
    say(`${shown(performance.now() - started)} ms; ${study.quantities[state.quantity].accuracy || "no measured error of this quantity"}`);
  } catch (error) {
    if (error.name !== "AbortError") { clear(); say(error.message, true); }
  } finally {
    clearTimeout(late);
  }
}

function say(text, wrong = false) {
  at("said").textContent = text;
  at("said").classList.toggle("error", wrong);
}

// ---- drawing

function clear() {
  const canvas = at("picture");
  const ratio = window.devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = canvas.clientHeight * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.font = "12px system-ui, sans-serif";
  at("legend").replaceChildren();
  drawn = null;
  return pen;
}

function frame() {
  const { clientWidth: width, clientHeight: height } = at("picture");
  return { left: MARGIN.left, top: MARGIN.top, width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
}

function picture(views) {
  const pen = clear();
  at("caption").textContent = state.kind === "pareto" ? `${views[0].title} against ${views[1].title}` : views[0].title;
  ({ map, lines, pareto })[state.kind](pen, frame(), views);
}

function colour(share) {
  const place = Math.min(Math.max(share, 0), 1) * (MAP.length - 1);
  const [low, high] = [Math.floor(place), Math.ceil(place)].map((i) => [1, 3, 5].map((k) => Number.parseInt(MAP[i].slice(k, k + 2), 16)));
  return `rgb(${low.map((part, k) => Math.round(part + (high[k] - part) * (place - Math.floor(place)))).join()})`;
}

// A pattern of lines for each rule: slanted one way or the other, upright, level.
function hatch(pen, number) {
  const tile = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
  const line = tile.getContext("2d");
  line.fillStyle = "#f4f4f4";
  line.fillRect(0, 0, 8, 8);
  line.strokeStyle = "#8c8c8c";
  for (const [x1, y1, x2, y2] of [[[-2, 10, 10, -2], [-2, 2, 2, -2], [6, 10, 10, 6]], [[-2, -2, 10, 10], [6, -2, 10, 2], [-2, 6, 2, 10]], [[4, 0, 4, 8]], [[0, 4, 8, 4]]][number % 4]) {
    line.beginPath(); line.moveTo(x1, y1); line.lineTo(x2, y2); line.stroke();
  }
  return pen.createPattern(tile, "repeat");
}

function legend(fill, text) {
  const item = document.createElement("span");
  const swatch = Object.assign(document.createElement("canvas"), { width: 22, height: 12 });
  const pen = swatch.getContext("2d");
  pen.fillStyle = typeof fill === "function" ? fill(pen) : fill;
  pen.fillRect(0, 0, 22, 12);
  item.append(swatch, text);
  at("legend").append(item);
}

// A function from values to pixels, and the values at which to put a tick.
function along(values, log, from, to, zero = true) {
  const known = values.filter((value) => value !== null && (!log || value > 0));
  const measure = log ? Math.log10 : (value) => value;
  let [low, high] = known.length ? [measure(Math.min(...known)), measure(Math.max(...known))] : [0, 1];
  if (zero && !log && low > 0 && low < 0.4 * high) low = 0;
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const place = (value) => from + ((measure(value) - low) / (high - low)) * (to - from);
  const ticks = [];
  if (log) {
    for (let power = Math.floor(low); power <= high; power += 1) for (const digit of high - low < 3 ? [1, 2, 5] : [1]) {
      const tick = digit * 10 ** power;
      if (measure(tick) >= low - 1e-9 && measure(tick) <= high + 1e-9) ticks.push(tick);
    }
  } else {
    const rough = (high - low) / 5;
    const unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= rough);
    for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-9; tick += step) ticks.push(tick);
  }
  return { place, ticks: ticks.map((tick) => [place(tick), shown(tick)]) };
}

function bands(side, from, to) {
  const width = (to - from) / side.words.length;
  const each = Math.max(1, Math.ceil(side.words.length / Math.max(1, Math.floor(Math.abs(to - from) / (from < to ? 90 : 18)))));
  const ticks = side.words.map((word, i) => [from + (i + 0.5) * width, word]).filter((_, i) => i % each === 0);
  return { width, ticks, index: (pixel) => Math.floor((pixel - from) / width) };
}

function axes(pen, box, x, y, xTitle, yTitle) {
  pen.fillStyle = "#1b1b1b";
  pen.strokeStyle = "#8c8c8c";
  pen.strokeRect(box.left, box.top, box.width, box.height);
  pen.textAlign = "center";
  pen.textBaseline = "top";
  for (const [place, text] of x.ticks) pen.fillText(cut(text, 13), place, box.top + box.height + 6);
  pen.fillText(xTitle, box.left + box.width / 2, box.top + box.height + 28);
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const [place, text] of y.ticks) pen.fillText(cut(text, 15), box.left - 6, place);
  pen.save();
  pen.translate(8, box.top + box.height / 2);
  pen.rotate(-Math.PI / 2);
  pen.textAlign = "center";
  pen.fillText(yTitle, 0, 0);
  pen.restore();
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

// What the pointer tells of one cell: labels, value with its band, or the rules that forbid it.
function told(view, i, j) {
  const columns = view.sides[1]?.words.length ?? 1;
  const cell = i * columns + j;
  const places = view.sides.map((side, k) => `${side.title}: ${side.words[[i, j][k]]}`);
  const band = view.band.length ? ` [${shown(view.band[0][cell])}, ${shown(view.band[1][cell])}]` : "";
  const value = view.values[cell];
  const why = view.reasons[cell] < 0 ? "" : `: ${view.rules[view.reasons[cell]]}`;
  return [`${view.title}: ${shown(value)}${value === null ? why : band}`, ...places].join("\n");
}

function map(pen, box, [view]) {
  const [across, upwards] = [view.sides[0], view.sides[1] ?? { words: [""], title: "" }];
  const x = bands(across, box.left, box.left + box.width - 90);
  const y = bands(upwards, box.top + box.height, box.top);
  const known = view.values.filter((value) => value !== null);
  const measure = view.scale === "log" ? Math.log : (value) => value;
  const [low, high] = known.length ? [measure(Math.min(...known)), measure(Math.max(...known))] : [0, 1];
  const hatches = view.rules.map((_, number) => hatch(pen, number));
  for (let i = 0; i < across.words.length; i += 1) for (let j = 0; j < upwards.words.length; j += 1) {
    const cell = i * upwards.words.length + j;
    const value = view.values[cell];
    pen.fillStyle = value === null ? hatches[view.reasons[cell]] ?? "#f4f4f4" : colour((measure(value) - low) / (high - low || 1));
    const [left, top] = [box.left + i * x.width, box.top + box.height + (j + 1) * y.width];
    pen.fillRect(left, top, Math.ceil(left + x.width) - left, Math.ceil(top - y.width) - top);
  }
  const inner = { ...box, width: box.width - 90 };
  axes(pen, inner, x, y, across.title, upwards.title);
  const bar = { left: inner.left + inner.width + 18, top: box.top, width: 14, height: box.height };
  for (let k = 0; k < bar.height; k += 1) {
    pen.fillStyle = colour(1 - k / bar.height);
    pen.fillRect(bar.left, bar.top + k, bar.width, 1.5);
  }
  if (known.length) {
    pen.fillStyle = "#1b1b1b";
    pen.textAlign = "left";
    for (const [place, text] of along(known, view.scale === "log", bar.top + bar.height, bar.top, false).ticks) pen.fillText(text, bar.left + bar.width + 4, place);
  }
  view.rules.forEach((rule, number) => { if (view.reasons.some((reason, cell) => reason === number && view.values[cell] === null)) legend((swatch) => hatch(swatch, number), `no value: ${rule}`); });
  drawn = (px, py) => {
    const [i, j] = [x.index(px), y.index(py)];
    return i >= 0 && i < across.words.length && j >= 0 && j < upwards.words.length ? told(view, i, j) : "";
  };
}

function lines(pen, box, [view]) {
  const [across, by] = view.sides;
  const count = by?.words.length ?? 1;
  if (count > MOST_LINES) { say(`${count} lines are too many to tell apart; a map shows them`, true); }
  const all = [...view.values, ...view.band.flat()];
  const y = along(all, view.scale === "log", box.top + box.height, box.top);
  const numeric = across.numbers !== null;
  const x = numeric ? along(across.numbers, across.scale === "log", box.left + 8, box.left + box.width - 8) : bands(across, box.left, box.left + box.width);
  const place = (i) => (numeric ? x.place(across.numbers[i]) : x.ticks.length ? box.left + (i + 0.5) * x.width : box.left);
  axes(pen, box, x, y, across.title, view.title);
  for (let j = 0; j < Math.min(count, MOST_LINES); j += 1) {
    const tint = COLOURS[j % COLOURS.length];
    const column = (values) => across.words.map((_, i) => values[i * count + j]);
    if (view.band.length) {
      const [low, high] = view.band.map(column);
      const both = across.words.map((_, i) => i).filter((i) => low[i] !== null);
      pen.globalAlpha = 0.15;
      pen.fillStyle = tint;
      pen.beginPath();
      for (const i of both) pen.lineTo(place(i), y.place(high[i]));
      for (const i of both.reverse()) pen.lineTo(place(i), y.place(low[i]));
      pen.fill();
      pen.globalAlpha = 1;
    }
    pen.strokeStyle = pen.fillStyle = tint;
    pen.lineWidth = 1.8;
    pen.setLineDash(j < COLOURS.length ? [] : [6, 4]);
    pen.beginPath();
    let lifted = true;
    column(view.values).forEach((value, i) => {
      if (value === null) { lifted = true; return; }
      pen[lifted ? "moveTo" : "lineTo"](place(i), y.place(value));
      lifted = false;
    });
    pen.stroke();
    pen.setLineDash([]);
    if (across.words.length <= 60) column(view.values).forEach((value, i) => { if (value !== null) { pen.beginPath(); pen.arc(place(i), y.place(value), 2.4, 0, 7); pen.fill(); } });
    const gaps = column(view.values).filter((value) => value === null).length;
    if (by || gaps) legend(tint, `${by?.words[j] ?? ""}${gaps ? ` (${gaps} of ${across.words.length} without value)` : ""}`);
  }
  pen.lineWidth = 1;
  drawn = (px, py) => {
    const i = nearest(across.words.map((_, k) => Math.abs(place(k) - px)));
    const j = nearest(Array.from({ length: Math.min(count, MOST_LINES) }, (_, k) => { const value = view.values[i * count + k]; return value === null ? 1e9 : Math.abs(y.place(value) - py); }));
    return told(view, i, j);
  };
}

const nearest = (distances) => distances.reduce((best, distance, i) => (distance < distances[best] ? i : best), 0);

function pareto(pen, box, [first, second]) {
  const columns = first.sides[1]?.words.length ?? 1;
  const cells = first.values.map((_, cell) => cell).filter((cell) => first.values[cell] !== null && second.values[cell] !== null);
  const x = along(cells.map((cell) => first.values[cell]), first.scale === "log", box.left + 8, box.left + box.width - 8);
  const y = along(cells.map((cell) => second.values[cell]), second.scale === "log", box.top + box.height - 8, box.top + 8);
  axes(pen, box, x, y, first.title, second.title);
  const [signX, signY] = [state.larger ? -1 : 1, state.larger2 ? -1 : 1];
  const order = [...cells].sort((a, b) => signX * (first.values[a] - first.values[b]) || signY * (second.values[a] - second.values[b]));
  const front = [];
  let best = Infinity;
  for (const cell of order) if (signY * second.values[cell] < best) { best = signY * second.values[cell]; front.push(cell); }
  const spot = (cell) => [x.place(first.values[cell]), y.place(second.values[cell])];
  pen.fillStyle = "#b9b9b9";
  for (const cell of cells) { pen.beginPath(); pen.arc(...spot(cell), 2, 0, 7); pen.fill(); }
  pen.strokeStyle = pen.fillStyle = COLOURS[0];
  pen.beginPath();
  for (const cell of front) pen.lineTo(...spot(cell));
  pen.stroke();
  for (const cell of front) { pen.beginPath(); pen.arc(...spot(cell), 3.5, 0, 7); pen.fill(); }
  legend("#b9b9b9", `${cells.length.toLocaleString("en-US")} feasible points`);
  legend(COLOURS[0], `${front.length} that no other beats in both`);
  drawn = (px, py) => {
    if (!cells.length) return "";
    const cell = cells[nearest(cells.map((one) => { const [cx, cy] = spot(one); return (cx - px) ** 2 + (cy - py) ** 2; }))];
    const [i, j] = [Math.floor(cell / columns), cell % columns];
    return `${told(first, i, j)}\n${second.title}: ${shown(second.values[cell])}`;
  };
}

// ---- what the user does

at("picture").addEventListener("mousemove", (event) => {
  const text = drawn?.(event.offsetX, event.offsetY);
  at("tip").hidden = !text;
  at("tip").textContent = text ?? "";
  at("tip").style.left = `${Math.min(event.offsetX + 14, at("picture").clientWidth - 220)}px`;
  at("tip").style.top = `${at("picture").offsetTop + event.offsetY + 14}px`;
});
at("picture").addEventListener("mouseleave", () => { at("tip").hidden = true; });
for (const id of ["quantity", "second", "x", "y"]) at(id).addEventListener("change", () => { state[id] = at(id).value; refresh(); });
for (const id of ["larger", "larger2"]) at(id).addEventListener("change", () => { state[id] = at(id).checked; refresh(); });
for (const radio of document.getElementsByName("kind")) radio.addEventListener("change", () => { state.kind = radio.value; refresh(); });
addEventListener("hashchange", () => { restore(); at("sliders").dataset.axes = "-"; refresh(); });
addEventListener("resize", refresh);
at("controls").addEventListener("submit", (event) => event.preventDefault());

document.title = study.title;
at("title").textContent = study.title;
at("about").textContent = study.about;
restore();
await refresh();
document.body.dataset.ready = "yes";
