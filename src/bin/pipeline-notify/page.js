"use strict";
(() => {
    const [tools, search, only, sort, count, more] = ["tools", "search", "only", "sort", "count", "more"]
        .map(id => document.getElementById(id));
    const table = document.querySelector("table");
    if (!table) return;
    // More rows at once, and a browser needs seconds to lay them out.
    const FIRST = 200;
    const rows = [...table.tBodies].flatMap(body => [...body.rows]).map((row, place) => {
        const [since, last, took, runs] = (row.dataset.k || "").split(" ").map(Number);
        const name = row.cells[1].firstChild.data.toLowerCase();
        return { row, text: null, kinds: row.classList, place, name, since, last, took, runs };
    });
    const body = table.tBodies[0];
    // Each with what comes first: what began last, is oldest, takes longest.
    const signs = { place: 1, name: 1, since: -1, last: 1, took: -1, runs: -1 };
    let turned = 1;
    let room = FIRST;
    let shown = new Set(rows);

    const show = () => {
        const words = search.value.toLowerCase().split(" ");
        const fits = rows.filter(one => {
            if (only.value && !one.kinds.contains(only.value)) return false;
            one.text ??= one.row.textContent.toLowerCase();
            return words.every(word => one.text.includes(word));
        });
        const wanted = new Set(fits.slice(0, room));
        for (const one of shown) if (!wanted.has(one)) one.row.hidden = true;
        for (const one of wanted) one.row.hidden = false;
        body.prepend(...[...wanted].map(one => one.row));
        shown = wanted;
        more.hidden = fits.length === shown.size;
        const fit = more.hidden || fits.length === rows.length ? "" : ", " + fits.length + " fit";
        count.value = shown.size + " of " + rows.length + " shown" + fit;
    };
    const anew = () => {
        room = FIRST;
        show();
    };
    const order = () => {
        const by = sort.value;
        // What is not known stands last, whichever way.
        rows.sort((one, other) => {
            const [a, b] = [one[by], other[by]];
            const unknown = Number.isNaN(a) - Number.isNaN(b);
            return unknown || (a < b ? -1 : a > b) * signs[by] * turned || one.place - other.place;
        });
        anew();
        for (const head of table.tHead.rows[0].cells) {
            if (head.dataset.by === by) {
                head.setAttribute("aria-sort", signs[by] * turned > 0 ? "ascending" : "descending");
            } else {
                head.removeAttribute("aria-sort");
            }
        }
    };

    for (const head of table.querySelectorAll("th[data-by]")) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = head.textContent;
        head.replaceChildren(button);
    }
    table.tHead.onclick = event => {
        const by = event.target.closest("button")?.parentElement.dataset.by;
        if (!by) return;
        turned = sort.value === by ? -turned : 1;
        sort.value = by;
        order();
    };
    search.oninput = only.onchange = anew;
    sort.onchange = () => {
        turned = 1;
        order();
    };
    more.onclick = () => {
        room *= 2;
        show();
    };
    tools.onsubmit = event => event.preventDefault();
    // One group, whose rows are all there or hidden.
    table.className = "live";
    for (const one of rows) one.row.hidden = true;
    body.append(...rows.map(one => one.row));
    for (const empty of [...table.tBodies].slice(1)) empty.remove();
    shown = new Set();
    tools.hidden = false;
    show();
})();
