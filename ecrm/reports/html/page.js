"use strict";
{
  const table = document.getElementById("repository-table");
  const bodies = () => [...table.tBodies];
  const value = (body, column) => {
    const cell = body.rows[0].cells[column];
    return column ? Number(cell.dataset.v) : cell.textContent;
  };
  const sort = (head) => {
    const column = head.cellIndex;
    const first = column ? "descending" : "ascending";
    const other = column ? "ascending" : "descending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    const sign = order === "ascending" ? 1 : -1;
    for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const keyed = bodies().map((body) => [value(body, column), body]);
    keyed.sort(([a], [b]) => sign * (a < b ? -1 : a > b ? 1 : 0));
    table.append(...keyed.map(([, body]) => body));
  };
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head));
    head.append(button);
  }
  const filter = document.getElementById("filter");
  const only = document.getElementById("only");
  const shown = document.getElementById("shown");
  const apply = () => {
    const wanted = filter.value.trim().toLowerCase();
    let number = 0;
    for (const body of bodies()) {
      const name = body.rows[0].cells[0].textContent.toLowerCase();
      body.hidden = !name.includes(wanted) || (only.checked && !body.dataset.n);
      number += !body.hidden;
    }
    shown.value = `${number} of ${table.tBodies.length} repositories`;
  };
  const controls = document.getElementById("controls");
  controls.hidden = false;
  controls.addEventListener("input", apply);
  controls.addEventListener("submit", (event) => event.preventDefault());
  apply();
  document.documentElement.classList.add("js");
  for (const map of document.querySelectorAll(".map")) {
    map.addEventListener("click", ({ target }) => {
      const body = document.getElementById(target.dataset?.r);
      if (!body) return;
      body.hidden = false;
      const images = body.querySelector("details");
      if (images) images.open = true;
      location.hash = body.id;
      body.querySelector("summary")?.focus({ preventScroll: true });
    });
  }
}
