// The tables of all built-in systems: those of the page without a server beside those of the command.
//
//   node tables.mjs FOLDER OVERLAPS [SYSTEM…]

import { spawnSync } from "node:child_process";
import { openCode } from "./code.mjs";

const [folder, command, ...chosen] = process.argv.slice(2);
const ask = openCode(folder);
const { systems } = ask("/api/systems").json();
// How far apart numbers may lie, of the largest of their column: the lengths of steps in time are powers from another C library, within
// what the tolerance of a path (1e-10) leaves open. Errors and residuals only say how small they are, counts how much was done.
const NEAR = 1e-9, SMALL = /error|residual|condition|nodes|iterations/;

const rowsOf = (csv) => csv.trim().split("\n").filter((line) => !line.startsWith("#")).map((line) => line.split(","));
const failures = [];
let cells = 0, other = 0, worst = { far: 0 };
for (const { name } of systems.filter(({ name }) => !chosen.length || chosen.includes(name))) {
  const start = performance.now();
  const answer = ask("/api/file", { page: "tables", number: 1, state: { system: name }, format: "csv" });
  const middle = performance.now();
  const native = spawnSync(command, ["solve", name, "--threads", "1", "--output", "-"], { encoding: "utf8", maxBuffer: 1 << 28 });
  const end = performance.now();
  const [here, there] = [rowsOf(answer.text), rowsOf(native.stdout)];
  const fail = (why) => failures.push(`${name}: ${why}`);
  if (answer.status !== 200) fail(answer.text);
  else if (here.length !== there.length || here[0].join() !== there[0].join()) fail(`${here.length} lines of ${here[0]}, the command has ${there.length} of ${there[0]}`);
  else {
    let far = 0, differ = 0;
    here[0].forEach((column, place) => {
      const pairs = here.slice(1).map((row, i) => [row[place], there[i + 1][place]]);
      const size = Math.max(0, ...pairs.map(([, b]) => Math.abs(Number(b))).filter(Number.isFinite));
      pairs.forEach(([a, b], i) => {
        cells++;
        if (a === b) return;
        differ++;
        if (SMALL.test(column)) return;
        const apart = Math.abs(Number(a) - Number(b)) / (size || 1);
        far = Math.max(far, apart);
        if (apart > worst.far) worst = { far: apart, name, column };
        if (!(apart <= NEAR)) fail(`${column} in row ${i + 1}: ${a}, the command has ${b}`);
      });
    });
    other += differ;
    console.log(`${name}: ${here.length - 1} rows, ${differ} cells in other digits, at most ${far.toExponential(1)}; ${Math.round(middle - start)} ms, the command ${Math.round(end - middle)} ms`);
  }
}
console.log(`${cells} cells, ${other} in other digits; furthest ${worst.far.toExponential(1)} (${worst.column} of ${worst.name})`);
console.log(failures.slice(0, 40).join("\n"));
process.exit(failures.length ? 1 : 0);
