// Comfort for every output that is not yet alive: sorting, searching, the value under the pointer.
// Without it everything is there and readable. No library, no network, nothing kept.
(function () {
  function each(root, selector, act) { Array.prototype.forEach.call(root.querySelectorAll(selector), act); }
  function make(tag, text) { var made = document.createElement(tag); made.textContent = text || ""; return made; }

  // -- sorting: a plain table in place, a tree as one flat table with full names -------------------
  function key(cell) {
    var text = cell.getAttribute("data-v");
    if (text === null) text = cell.textContent;
    var number = parseFloat(text.replace(/,/g, ""));
    return text.trim() !== "" && isFinite(number) ? number : text.toLowerCase();
  }
  function compare(a, b) {
    if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
    return typeof a === "number" ? -1 : 1;
  }
  function flatten(tree) {
    var flat = make("tbody");
    each(tree, "table:not([data-sort]) tr", function (row) {
      var copy = row.cloneNode(true), prefix = row.closest("table").getAttribute("data-p");
      copy.hidden = false;
      if (prefix) {
        var dim = make("span", prefix);
        dim.className = "q";
        copy.cells[0].insertBefore(dim, copy.cells[0].firstChild);
      }
      flat.appendChild(copy);
    });
    return flat;
  }
  function sortable(table) {
    var rising = false, last = -1, tree = table.closest("[data-tree]"), flat = null;
    function show(folded) {
      Array.prototype.forEach.call(tree.children, function (part) {
        if (part.tagName === "DETAILS" || (part.tagName === "TABLE" && part !== table))
          part.style.display = folded ? "none" : "";
      });
    }
    function flatBody() {
      if (flat) return flat;
      flat = flatten(tree);
      var back = make("button", "back to the tree");
      back.addEventListener("click", function () { flat.remove(); back.remove(); flat = null; show(false); });
      tree.insertBefore(back, table);
      table.appendChild(flat);
      show(true);
      return flat;
    }
    function sort(heading, column) {
      rising = last === column ? !rising : !heading.classList.contains("n");
      last = column;
      each(table, "thead th", function (other) { other.removeAttribute("aria-sort"); });
      heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
      var body = tree ? flatBody() : table.tBodies[0];
      Array.prototype.map.call(body.rows, function (row) { return [key(row.cells[column] || row.cells[0]), row]; })
        .sort(function (a, b) { return rising ? compare(a[0], b[0]) : compare(b[0], a[0]); })
        .forEach(function (pair) { body.appendChild(pair[1]); });
    }
    each(table, "thead th", function (heading, column) {
      heading.tabIndex = 0;
      heading.title = "sort by " + heading.textContent;
      heading.addEventListener("click", function () { sort(heading, column); });
      heading.addEventListener("keydown", function (event) {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(heading, column); }
      });
    });
  }

  // -- searching: rows whose name or text holds what is typed; their branches open ------------------
  function searchable(box) {
    var field = make("input");
    field.type = "search";
    field.placeholder = box.getAttribute("data-find");
    field.setAttribute("aria-label", field.placeholder);
    // The notebook must not take letters typed here for its own shortcuts.
    ["keydown", "keypress", "keyup"].forEach(function (kind) {
      field.addEventListener(kind, function (event) { event.stopPropagation(); });
    });
    field.addEventListener("input", function () {
      var wanted = field.value.toLowerCase();
      each(box, "tbody tr", function (row) {
        var prefix = row.closest("table").getAttribute("data-p") || "";
        row.hidden = wanted !== "" && (prefix + row.textContent).toLowerCase().indexOf(wanted) < 0;
      });
      each(box, "details", function (branch) {
        if (branch.lspWas === undefined) branch.lspWas = branch.open;
        var hit = wanted === "" || branch.querySelector("tbody tr:not([hidden])") !== null;
        branch.hidden = !hit;
        branch.open = wanted === "" ? branch.lspWas : hit;
      });
    });
    box.insertBefore(field, box.firstChild);
  }

  // -- the value under the pointer, read back from the picture's own colours ------------------------
  function colour(stops, at) {
    var x = at * (stops.length - 1), i = Math.min(Math.floor(x), stops.length - 2), part = x - i;
    return [0, 1, 2].map(function (c) { return stops[i][c] + (stops[i + 1][c] - stops[i][c]) * part; });
  }
  function valueOf(scale, pixel) {
    var best = 0, nearest = 1e9;
    for (var i = 0; i <= 200; i++) {
      var c = colour(scale.stops, i / 200), far = 0;
      for (var k = 0; k < 3; k++) far += (c[k] - pixel[k]) * (c[k] - pixel[k]);
      if (far < nearest) { nearest = far; best = i / 200; }
    }
    if (nearest > 600) return "not a number or infinite";
    return "\u2248 " + (scale.low + (scale.high - scale.low) * best).toPrecision(3);
  }
  function places(name, first, index, block) {
    var start = first + index * block;
    return name + " " + (block > 1 ? start + "\u2013" + (start + block - 1) : start);
  }
  function readable(picture) {
    var scale = JSON.parse(picture.getAttribute("data-scale")), pen = null, line = null;
    picture.addEventListener("mousemove", function (event) {
      if (!pen) {
        var sheet = make("canvas");
        sheet.width = picture.naturalWidth;
        sheet.height = picture.naturalHeight;
        pen = sheet.getContext("2d", { willReadFrequently: true });
        pen.drawImage(picture, 0, 0);
        line = make("div");
        line.className = "o";
        picture.closest("figure").appendChild(line);
      }
      var box = picture.getBoundingClientRect();
      var x = Math.floor((event.clientX - box.left) / box.width * picture.naturalWidth);
      var y = Math.floor((event.clientY - box.top) / box.height * picture.naturalHeight);
      if (x < 0 || y < 0 || x >= picture.naturalWidth || y >= picture.naturalHeight) return;
      line.textContent = places(scale.rows, scale.top, y, scale.down) + ", " +
        places(scale.columns, scale.left, x, scale.across) + ": " + valueOf(scale, pen.getImageData(x, y, 1, 1).data);
    });
    picture.addEventListener("mouseleave", function () { if (line) line.textContent = ""; });
  }

  // -- a still and its widget: the still is seen whenever the widget under it is not alive -----------
  function stillOf(marked) {
    var mine = marked.closest(".jp-OutputArea-child"), area = mine && mine.parentElement;
    if (!area) return;
    function choose() {
      if (!document.contains(marked)) { watch.disconnect(); return; }
      var other = mine.nextElementSibling;
      var view = other && (other.querySelector(".jupyter-widgets") || /^\s*Loading widget/.test(other.textContent));
      var alive = view && other.querySelector(".widget-vbox") !== null;
      var seen = [[mine, !alive]].concat(view ? [[other, alive]] : []);
      seen.forEach(function (pair) {
        var wanted = pair[1] ? "" : "none";
        if (pair[0].style.display !== wanted) pair[0].style.display = wanted;
      });
    }
    var watch = new MutationObserver(choose);
    watch.observe(area, { childList: true, subtree: true });
    choose();
  }

  each(document, ".lsp:not([data-on])", function (output) {
    output.setAttribute("data-on", "");
    each(output, "table[data-sort]", sortable);
    each(output, "[data-find]", searchable);
    each(output, "img[data-scale]", readable);
    each(output, "[data-still]", stillOf);
  });
})();
