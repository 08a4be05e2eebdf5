// Comfort for every output that is not yet alive: sorting, searching, the value under the pointer.
// An output carries the first and the last part, and those after a line that names an attribute or a key it has.
// Without it everything is there and readable. No library, no network, nothing kept.
// What begins at two blanks is known everywhere, the names inside of it are its own (page/dense.py).
(() => {
  function start(name, act) {
    document.querySelectorAll("[data-" + name + "]:not([data-on])").forEach(part => {
      part.dataset.on = 1;
      act(part, part.dataset[name]);
    });
  }

  //@ data-tree data-find data-heads data-turn
  function make(tag) { return document.createElement(tag); }

  //@ data-find data-answers
  function each(root, selector, act) { root.querySelectorAll(selector).forEach(act); }

  //@ data-sort data-find
  // The name in a cell: the line of the fold that a row opens, or the whole cell.
  function label(cell) { return cell.querySelector(":scope>details>summary") || cell; }

  //@ data-sort data-find data-rows
  // The rows of a table or of a tree of tables, without those that stand inside of a row.
  function rows(box) { return [...box.querySelectorAll("tbody tr:not(:scope td tr)")]; }

  //@ data-tree
  // -- a tree as one flat table with full names, for its rows to be sorted ---------------------------
  function flatten(tree, table, done) {
    var back = make("button"), homes = rows(tree).map(row => {
      var home = row.parentNode, prefix = make("span");
      prefix.textContent = home.parentNode.dataset.p || "";
      prefix.className = "q";
      label(row.cells[0]).prepend(prefix);
      return () => { prefix.remove(); home.append(row); };
    });
    back.textContent = "back to the tree";
    table.before(back);
    back.onclick = () => { homes.forEach(home => home()); back.remove(); done(); };
  }

  //@ data-sort
  // -- sorting: a plain table in place, a tree as a flat one ------------------------------------------
  // A number, with its unit; else a text, as the number is of a name (0.weight) or of a shape (48×16). A bar says its own.
  function key(cell) {
    var text = cell.dataset.v || label(cell).textContent.trim() || (cell.querySelector("[alt]") || cell).alt || "";
    if (/^-?inf$/.test(text)) return +text.replace("inf", "Infinity");
    return /^-?[\d.,]+(e[-+]?\d+)?( [a-zA-Zµ]+|%)?$/.test(text) ? parseFloat(text.replace(/,/g, "")) : text.toLowerCase();
  }
  function order(a, b) { return a.localeCompare ? a.localeCompare(b, "en", { numeric: true }) : a - b || 0; }
  function sortable(table) {
    var tree = table.closest("[data-tree]"), headings = table.querySelectorAll(":scope>thead th");
    function forget() { headings.forEach(one => one.ariaSort = null); }
    headings.forEach((heading, column) => {
      heading.tabIndex = 0;
      heading.title = "sort by " + heading.textContent;
      heading.onclick = heading.onkeydown = event => {
        if (event.key && !/Enter| /.test(event.key)) return;
        // Numbers fall at first; a second time it is the other way.
        var was = heading.ariaSort, rising = was ? was > "b" : !heading.matches(".n");
        forget();
        heading.ariaSort = rising ? "ascending" : "descending";
        if (tree && !tree.querySelector(":scope>button")) flatten(tree, table, forget);
        (table.tBodies[0] || table.createTBody()).append(...rows(tree || table)
          .map(row => [key(row.cells[column] || row.cells[0]), row])
          .sort(([a], [b]) => (order(typeof a, typeof b) || order(a, b)) * (rising ? 1 : -1)).map(pair => pair[1]));
        return false;
      };
    });
  }

  start("sort", sortable);

  //@ data-find
  // -- searching: rows whose name or text holds what is typed; the style hides branches without any ----
  function searchable(box, hint) {
    var field = make("input");
    field.type = "search";
    field.placeholder = hint;
    // The notebook must not take letters typed here for its own shortcuts.
    field.onkeydown = field.onkeypress = field.onkeyup = event => event.stopPropagation();
    field.oninput = () => {
      var wanted = field.value.toLowerCase();
      rows(box).forEach(row => {
        var text = row.closest("table").dataset.p || "";
        each(row, ":scope>td", cell => text += label(cell).textContent);
        row.hidden = !text.toLowerCase().includes(wanted);
      });
      each(box, "details:not(:scope td details)", branch => {
        branch.lspWas ??= branch.open;
        branch.open = wanted || branch.lspWas;
      });
    };
    box.prepend(field);
    clickable(box);
  }

  start("find", searchable);

  //@ data-find data-rows
  // -- a click anywhere on a row opens what its name opens ---------------------------------------------
  function clickable(box) {
    box.onclick = event => {
      var row = rows(box).find(row => row.contains(event.target)), fold = row && row.querySelector("td>details");
      if (fold && !fold.contains(event.target)) fold.open = !fold.open;
    };
  }

  //@ data-rows
  start("rows", clickable);

  //@ data-scale data-heads data-turn
  // -- what the arrow keys move, and where of a picture the pointer is: across and down ---------------
  var within = (value, most) => Math.max(0, Math.min(value, most));
  function arrows(part, act) {
    part.tabIndex = 0;
    part.dataset.lmSuppressShortcuts = 1;
    part.onkeydown = event => {
      var step = { Up: [0, -1], Down: [0, 1], Left: [-1, 0], Right: [1, 0] }[event.key.slice(5)];
      if (step) {
        event.stopPropagation();
        act(...step);
        return false;
      }
    };
  }
  function place(event) {
    var picture = event.target, zoom = picture.naturalWidth / picture.width;
    return [event.offsetX * zoom, event.offsetY * zoom];
  }

  //@ "bar":
  // -- the value of a colour, where the page does not keep the values: it is looked for in the colour bar ----
  function coloured([left, top, wide, low, high, strange], picture, x, y) {
    // Each on a sheet of its own: what lies at an edge is half transparent.
    var pixels = (x, y) => {
      var pen = new OffscreenCanvas(wide, 1).getContext("2d");
      pen.drawImage(picture, -(x | 0), -(y | 0));
      return pen.getImageData(0, 0, wide, 1).data;
    }, ramp = pixels(left, top), pixel = pixels(x, y), far = [...Array(wide).keys()].map(k =>
      [0, 1, 2].reduce((sum, c) => sum + (ramp[4 * k + c] - pixel[c]) ** 2, 0)), least = Math.min(...far);
    return least < 600 ? "≈ " + (low + (high - low) * far.indexOf(least) / (wide - 1)).toPrecision(3) : strange || "?";
  }

  //@ "maps":
  // -- the places of a raster, across and down: where an axis begins, how long it is, how many values it has, how many
  //    a pixel covers, the number of the first, its name and the words of its places ---------------------
  function mapped(scale, picture) {
    var map, at = [];
    // What is told at a spot, or a step away from where it was told last.
    return (spot, step) => {
      map = step ? map || scale.maps[0]
        : scale.maps.find(m => m.axes.every(([from, long], k) => spot[k] >= from && spot[k] < from + long));
      var here = [], told = map && map.axes.map(([from, long, count, block, first, name, words], k) => {
        // What is not yet anywhere begins at the first place.
        var index = at[k] = within((step ? at[k] + spot[k] : (spot[k] - from) / long * count / block) | 0,
          (count - 1) / block | 0), begin = index * block, end = Math.min(begin + block, count) - 1;
        here[k] = from + (begin + end + 1) / 2 / count * long;
        return name + (words ? words[index] : first + begin + (end > begin ? "–" + (first + end) : ""));
      });
      return told ? [...here, told[1] + ", " + told[0] + ": " +
        (map.v ? map.v.split(";")[at[1]].split(",")[at[0]] : coloured(scale.bar, picture, ...here))] : [];
    };
  }

  //@ "points": "told":
  // -- the points of curves, or places that something is told of ----------------------------------------
  function pointed(scale, picture) {
    var at, points = scale.told || scale.points.flatMap(([name, told]) => told ? told.split(";").map(told => {
      var [x, y, across, up] = told.split(",");
      return [x, y, name + ": " + across + ", " + up];
    }) : []);
    return ([x, y], step) => {
      var far = points.map(p => Math.hypot(p[0] - x, (p[1] - y) / 4));
      // What is not yet anywhere begins at the first point.
      at = step ? within(at + y * (scale.across || 1) + x | 0, points.length - 1) : far.indexOf(Math.min(...far));
      var told = points[at] || [];
      picture.dataset.at = told.slice(0, 2);
      return told;
    };
  }

  //@ data-scale
  // -- the value under the pointer or under the arrow keys, over the picture ------------------------
  function readable(picture, told) {
    // What it says is read aloud by itself.
    var scale = JSON.parse(told), tip = document.createElement("output"), figure = picture.parentNode,
      read = (scale.maps ? mapped : pointed)(scale, picture), say = ([x, y, text]) => {
        var zoom = picture.width / picture.naturalWidth;
        if (!text) return tip.remove();
        tip.textContent = text;
        figure.append(tip);
        // The picture is in the corner of its figure.
        tip.style.top = y * zoom + 14 + "px";
        tip.style.left = within(x * zoom + 10, figure.clientWidth - tip.offsetWidth) + "px";
      };
    picture.onmousemove = event => say(read(place(event)));
    picture.onmouseleave = picture.onblur = () => say([]);
    arrows(picture, (...step) => say(read(step, 1)));
  }

  start("scale", readable);

  //@ data-heads
  // -- the head that is clicked, or reached by the arrow keys, in the large picture's place ----------
  function choosing(grid, told) {
    var facts = JSON.parse(told), at = 0, large = grid.closest(".lsp").querySelector("[data-scale]");
    var figure = large.parentNode, axes = JSON.parse(large.dataset.scale).maps[0].axes;
    var [left, wide] = axes[0], [top, high] = axes[1];
    var sheet = make("canvas"), pen = sheet.getContext("2d");
    grid.style.cursor = "pointer";
    sheet.style.maxWidth = "100%";
    function show(index) {
      var told = facts.told[index];
      if (!told) return;
      at = index;
      figure.querySelector("figcaption").textContent = told[2];
      // The first head is the large picture itself, with its values under the pointer.
      large.style.display = index ? "none" : "";
      if (!index) return sheet.remove();
      sheet.width = large.naturalWidth;
      sheet.height = large.naturalHeight;
      pen.drawImage(large, 0, 0);
      pen.imageSmoothingEnabled = false;
      pen.clearRect(left, top, wide, high);
      pen.drawImage(grid, facts.x + told[1] * facts.step, facts.y + told[0] * facts.step,
        told[4] * facts.zoom, told[3] * facts.zoom, left, top, wide, high);
      large.before(sheet);
    }
    function choose(layer, head) { show(facts.told.findIndex(told => told[0] === layer && told[1] === head)); }
    grid.onclick = event => {
      var [x, y] = place(event);
      choose(Math.floor((y - facts.y) / facts.step), Math.floor((x - facts.x) / facts.step));
    };
    arrows(grid, (across, down) => choose(facts.told[at][0] + down, facts.told[at][1] + across));
  }

  start("heads", choosing);

  //@ data-opens
  // -- a block of a graph that is clicked, or reached by the arrow keys, opened under the picture -----
  function opening(figure, told) {
    var spots = JSON.parse(told), picture = figure.querySelector("img");
    function spot(x, y) { return spots.find(s => x >= s[0] && x <= s[2] && y >= s[1] && y <= s[3]); }
    function at(event) { return spot(...place(event)); }
    function open(found) {
      var branch = found && figure.closest(".lsp").querySelector('[data-level="' + found[4] + '"]');
      for (var outer = branch; outer; outer = outer.parentElement.closest("details")) outer.open = true;
      if (branch) branch.querySelector("summary").focus();
    }
    // What is told under the pointer and moved by the arrow keys listens to the picture as well.
    picture.addEventListener("mousemove", event => picture.style.cursor = at(event) ? "pointer" : "");
    picture.onclick = event => open(at(event));
    picture.addEventListener("keydown", event => {
      var told = picture.dataset.at;
      if (event.key !== "Enter" || !told) return;
      event.preventDefault();
      event.stopPropagation();
      open(spot(...told.split(",")));
    });
  }

  start("opens", opening);

  //@ data-turn
  // -- points in space, turned by the pointer or the arrow keys -------------------------------------
  function turning(picture, facts) {
    var told = JSON.parse(facts), turn = told.turn, tilt = told.tilt, held = null;
    var sheet = make("canvas"), pen = sheet.getContext("2d"), w = picture.naturalWidth, h = picture.naturalHeight;
    var ends = [[110, 0, 0], [0, 110, 0], [0, 0, 110]], few = told.n && told.n.length <= 40;
    if (!w) return picture.addEventListener("load", () => turning(picture, facts), { once: true });
    sheet.width = 2 * w;
    sheet.height = 2 * h;
    sheet.style.cssText = "width:" + w + "px;max-width:100%;cursor:grab;touch-action:none";
    sheet.setAttribute("role", "img");
    sheet.setAttribute("aria-label", picture.alt);
    pen.scale(2, 2);
    pen.font = "11.5px system-ui,sans-serif";
    function seen(p) {
      var x = p[0] * Math.cos(turn) + p[2] * Math.sin(turn), z = p[2] * Math.cos(turn) - p[0] * Math.sin(turn);
      return [z * Math.cos(tilt) + p[1] * Math.sin(tilt), w / 2 + x * told.zoom,
        h / 2 + (z * Math.sin(tilt) - p[1] * Math.cos(tilt)) * told.zoom];
    }
    function draw() {
      pen.clearRect(0, 0, w, h);
      pen.strokeStyle = pen.fillStyle = "#757575";
      var boxes = [];
      ends.forEach((end, k) => {
        var a = seen(end), b = seen(end.map(n => -n));
        pen.globalAlpha = 0.3;
        pen.beginPath();
        pen.moveTo(b[1], b[2]);
        pen.lineTo(a[1], a[2]);
        pen.stroke();
        pen.globalAlpha = 1;
        pen.fillText(told.a[k], a[1] + 3, a[2]);
        boxes.push([a[1], a[2] - 9, a[1] + 45, a[2] + 2]);
      });
      function word(text, p) {
        // At the right of its point, or at the left where other words stand.
        var wide = pen.measureText(text).width;
        [p[1] + 5, p[1] - 5 - wide].find(x => {
          var box = [x, p[2] - 5, x + wide, p[2] + 6];
          if (boxes.some(b => box[0] < b[2] && b[0] < box[2] && box[1] < b[3] && b[1] < box[3])) return;
          pen.fillText(text, x, p[2] + 4);
          return boxes.push(box);
        });
      }
      told.p.map((p, k) => [seen(p), k]).sort((a, b) => a[0][0] - b[0][0])
        .forEach(pair => {
          var p = pair[0];
          pen.fillStyle = "#2f7fd1";
          pen.globalAlpha = 0.75 + p[0] / 700;
          pen.beginPath();
          pen.arc(p[1], p[2], (told.p.length > 200 ? 1.7 : 2.5) * (1 + p[0] / 400), 0, 7);
          pen.fill();
          pen.globalAlpha = 1;
          pen.fillStyle = "#757575";
          if (few) word(told.n[pair[1]], p);
        });
      sheet.dataset.seen = turn.toFixed(2) + " " + tilt.toFixed(2);
    }
    function by(across, down) {
      turn += across;
      tilt = Math.max(-1.5, Math.min(1.5, tilt + down));
      draw();
    }
    sheet.onpointerdown = event => {
      held = [event.clientX, event.clientY];
      sheet.setPointerCapture(event.pointerId);
    };
    sheet.onpointermove = event => {
      if (!held) return;
      by((event.clientX - held[0]) / 120, (event.clientY - held[1]) / 120);
      held = [event.clientX, event.clientY];
    };
    sheet.onpointerup = sheet.onpointercancel = () => held = null;
    arrows(sheet, (across, down) => by(across / 10, down / 10));
    picture.style.display = "none";
    picture.before(sheet);
    // What says how it is turned.
    picture.parentNode.lastChild.hidden = 0;
    draw();
  }

  start("turn", turning);

  //@ data-asks
  // -- a row that opens asks the kernel, through the hidden field of the application, for its view ----
  function asking(box) {
    var wanted = [];
    box.addEventListener("toggle", event => {
      var fold = event.target, place = fold.dataset.k;
      // The field is made after the page.
      var app = box.closest(".widget-vbox"), field = app && app.querySelector(".lsp-asked input");
      if (!field || !fold.open || place === undefined || fold.lspAsked) return;
      fold.lspAsked = true;
      // All of them again: what is typed quickly reaches the kernel as its last state only.
      wanted.push(place);
      field.value = wanted.join(" ");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }, true);
  }

  start("asks", asking);

  //@ data-answers
  // -- the answer of the kernel, put into the row that asked -----------------------------------------
  function answering(part, place) {
    each(part.closest(".widget-vbox"), 'details[data-k="' + place + '"]', fold => {
      if (fold.open && fold.offsetParent) fold.querySelector("div").replaceChildren(part);
    });
  }

  start("answers", answering);

  //@ data-still
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
      seen.forEach(pair => {
        var wanted = pair[1] ? "" : "none";
        if (pair[0].style.display !== wanted) pair[0].style.display = wanted;
      });
    }
    var watch = new MutationObserver(choose);
    watch.observe(area, { childList: true, subtree: true });
    choose();
  }

  start("still", stillOf);

  //@ end
})();
