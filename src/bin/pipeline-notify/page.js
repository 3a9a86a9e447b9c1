"use strict";
(() => {
    const [tools, search, only, sort, count] = ["tools", "search", "only", "sort", "count"]
        .map(id => document.getElementById(id));
    const body = document.querySelector("tbody");
    if (!body) return;
    const rows = [...body.rows].map((row, place) => {
        const [since, last, took, runs] = (row.dataset.k || "").split(" ").map(Number);
        const name = row.cells[1].firstChild.data.toLowerCase();
        const text = row.textContent.toLowerCase();
        return { row, text, kind: row.className, place, name, since, last, took, runs };
    });
    // Each with what comes first: what began last, is oldest, takes longest.
    const signs = { place: 1, name: 1, since: -1, last: 1, took: -1, runs: -1 };
    let turned = 1;

    const filter = () => {
        const words = search.value.toLowerCase().split(" ");
        let shown = 0;
        for (const { row, text, kind } of rows) {
            const fits = words.every(word => text.includes(word)) && (!only.value || only.value === kind);
            row.hidden = !fits;
            shown += fits;
        }
        count.value = shown + " of " + rows.length + " shown";
    };
    const order = () => {
        const by = sort.value;
        // What is not known stands last, whichever way.
        const compare = (one, other) => {
            const [a, b] = [one[by], other[by]];
            const unknown = Number.isNaN(a) - Number.isNaN(b);
            return unknown || (a < b ? -1 : a > b) * signs[by] * turned || one.place - other.place;
        };
        body.append(...rows.sort(compare).map(({ row }) => row));
        for (const head of document.querySelectorAll("thead th[data-by]")) {
            if (head.dataset.by === by) {
                head.setAttribute("aria-sort", signs[by] * turned > 0 ? "ascending" : "descending");
            } else {
                head.removeAttribute("aria-sort");
            }
        }
    };

    for (const head of document.querySelectorAll("thead th[data-by]")) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = head.textContent;
        button.onclick = () => {
            turned = sort.value === head.dataset.by ? -turned : 1;
            sort.value = head.dataset.by;
            order();
        };
        head.replaceChildren(button);
    }
    search.oninput = only.onchange = filter;
    sort.onchange = () => {
        turned = 1;
        order();
    };
    tools.onsubmit = event => event.preventDefault();
    tools.hidden = false;
    filter();
})();
