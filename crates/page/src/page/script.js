"use strict";
// Sorts the rows that are shown by the column of a heading: numbers by value, words by letter, empty cells last.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  if (original.length < 2) continue;
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const order = { ascending: "descending", descending: "" }[heading.ariaSort] ?? "ascending";
      for (const other of table.tHead.rows[0].cells) other.ariaSort = null;
      heading.ariaSort = order || null;
      if (!order) {
        body.append(...original);
        return;
      }
      const column = heading.cellIndex;
      const key = (row) => row.cells[column]?.textContent.replace(/^[✓✗?]/, "") ?? "";
      const value = (text) => (/^-?inf$/.test(text) ? Number(text.replace("inf", "Infinity")) : Number(text));
      const compare = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === "" || y === "") return (x === "") - (y === "");
        const [p, q] = [value(x), value(y)];
        const by = Number.isNaN(p) || Number.isNaN(q) ? (x < y ? -1 : x > y ? 1 : 0) : p < q ? -1 : p > q ? 1 : 0;
        return order === "ascending" ? by : -by;
      };
      const rows = original.filter((row) => !row.classList.contains("gap"));
      const gaps = original.filter((row) => row.classList.contains("gap"));
      for (const gap of gaps) gap.remove();
      body.append(...rows.sort(compare));
    });
  }
}
// A button that copies the command; where that is not allowed, the command is selected.
for (const box of document.querySelectorAll(".command")) {
  const code = box.querySelector("code");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  const said = (words) => {
    button.textContent = words;
    setTimeout(() => (button.textContent = "Copy"), 2000);
  };
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      said("Copied");
    } catch {
      getSelection().selectAllChildren(code);
      said("Selected");
    }
  });
  box.append(button);
}
