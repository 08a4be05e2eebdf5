// Comfort for every output that is not yet alive: sorting, searching, the value under the pointer.
// An output carries the first and the last part, and those after a line that names an attribute or a key it has.
// Without it everything is there and readable. No library, no network, nothing kept.
// What begins at two blanks is known everywhere, the names inside of it are its own (page/dense.py).
{
  let start = (name, act) => document.querySelectorAll("[data-" + name + "]:not([data-on])").forEach(part =>
    act(part, part.dataset[name], part.dataset.on = 1));

  //@ data-sort data-tree data-find
  // The name in a cell: the line of the fold that a row opens, or the whole cell.
  let label = cell => cell.querySelector("summary") || cell;

  //@ data-sort data-tree data-find
  // The rows of a table or of a tree of tables, without those that stand inside of a row.
  let rows = box => [...box.querySelectorAll("tbody tr:not(:scope td tr)")];

  //@ data-tree
  //@ data-sort data-tree
  // -- sorting: the rows of a box, put into the table whose headings are clicked ------------------------------------------
  let sortable = (table, box, before) => {
    let headings = [...table.tHead.rows[0].cells],
      forget = () => headings.forEach(one => one.ariaSort = null),
      // A number, perhaps with its unit; names (0.weight) and shapes (48×16) are none.
      number = text => +text.replace(/,|[ %].*/g, "").replace("inf", "Infinity"),
      order = (a, b) => number(a) - number(b) || a.localeCompare(b, "en", { numeric: 1 });
    headings.forEach((heading, column) => {
      let said = row => row.cells[column].dataset.v || label(row.cells[column]).textContent;
      heading.tabIndex = 0;
      heading.title = "sort";
      heading.style.cursor = "pointer";
      heading.onclick = heading.onkeydown = event => {
        if (event.key && !/Enter| /.test(event.key)) return;
        // Numbers fall at first; a second time it is the other way.
        let was = heading.ariaSort, rising = was ? was > "b" : !heading.className;
        forget();
        heading.ariaSort = rising ? "ascending" : "descending";
        before?.(forget);
        table.tBodies[0].append(...rows(box)
          .sort((one, other) => order(said(one), said(other)) * (rising || -1)));
        return false;
      };
    });
  };

  //@ data-tree
  // -- a tree as one flat table with full names, for its rows to be sorted ---------------------------
  start("tree", table => {
    let tree = table.parentNode, back = tree.querySelector("button");
    sortable(table, tree, done => {
      if (!back.hidden) return;
      let homes = rows(tree).map(row => {
        let home = row.parentNode, name = label(row.cells[0]);
        name.prepend(home.parentNode.dataset.p || "");
        return () => { name.firstChild.remove(); home.append(row); };
      });
      back.hidden = 0;
      back.onclick = () => { homes.forEach(home => home()); back.hidden = 1; done(); };
    });
  });

  //@ data-sort
  start("sort", table => sortable(table, table));

  //@ data-find data-rows
  // -- a click anywhere on a row opens what its name opens; boxes around the row's own have no say -------
  let opens = event => {
    event.cancelBubble = 1;
    event.target.closest("details,tr")?.querySelector(":scope>td>details")?.toggleAttribute("open");
  };

  //@ data-find
  // -- searching: rows whose name or text holds what is typed; the style hides branches without any ----
  start("find", box => {
    let field = box.querySelector("input");
    field.hidden = 0;
    box.onclick = opens;
    field.oninput = () => {
      let wanted = field.value.toLowerCase();
      rows(box).forEach(row => {
        let text = row.closest("table").dataset.p || "";
        for (let cell of row.cells) text += label(cell).textContent;
        row.hidden = !text.toLowerCase().includes(wanted);
      });
      box.querySelectorAll("details:not(:scope td *)").forEach(branch => {
        branch.was ??= branch.open;
        branch.open = wanted || branch.was;
      });
    };
  });

  //@ data-rows
  start("rows", box => box.onclick = opens);

  //@ data-scale data-turn
  // -- what the arrow keys move ------------------------------------------------------------------------
  let arrows = (part, act) => {
    part.tabIndex = 0;
    part.dataset.lmSuppressShortcuts = 1;
    part.onkeydown = event => {
      let way = "LURD".indexOf(event.key[5]);
      // What acts gives nothing back: the page must not scroll then.
      return way < 0 || !!act((way - 1) % 2, (way - 2) % 2);
    };
  };

  //@ "bar":
  // -- the value of a colour, where the page does not keep the values: it is looked for in the colour bar ----
  let coloured = ([left, top, wide, low, high, strange], picture, x, y) => {
    // The bar, and behind it the pixel.
    let pen = new OffscreenCanvas(wide + 1, 1).getContext("2d");
    pen.drawImage(picture, left, top, wide, 1, 0, 0, wide, 1);
    pen.drawImage(picture, x | 0, y | 0, 1, 1, wide, 0, 1, 1);
    let seen = pen.getImageData(0, 0, wide + 1, 1).data, far = Array.from(Array(wide), (_, k) =>
      Math.hypot(...[0, 1, 2].map(c => seen[4 * k + c] - seen[4 * wide + c]))), least = Math.min(...far);
    return least < 25 ? "≈ " + (low + (high - low) * far.indexOf(least) / (wide - 1)).toPrecision(3) : strange;
  };

  //@ "maps":
  // -- the places of rasters: of each axis, across and down, where it begins, how large a place is, how many there are,
  //    how many values a place covers, the numbers of the first and the last value, its name and the words of its places
  let mapped = (scale, picture) => {
    let map;
    // What is told at a spot, or a step (1) away from where it was told last; at first that is the first place.
    return (spot, step) => {
      // A map keeps the places where it is.
      map = step ? map || scale.maps[0] : scale.maps.find(m => m.axes.every(([from, size, most], k) =>
        (m[k] = (spot[k] - from) / size) > 0 && m[k] < most));
      let here = [], told = map && map.axes.map(([from, size, most, block, first, last, name, words], k) => {
        let index = map[k] = Math.max(0, Math.min((map[k] || 0) + step * spot[k] | 0, most - 1)),
          begin = first + index * block, end = Math.min(begin + block - 1, last);
        here[k] = from + (index + .5) * size;
        return name + (words ? words[index] : begin + (end > begin ? "–" + end : ""));
      });
      return told && [...here, told[1] + ", " + told[0] + ": " +
        (map.v ? map.v.split(";")[map[1]].split(",")[map[0]] : coloured(scale.bar, picture, ...here))];
    };
  };

  //@ "points":
  // -- the points of curves, or places that something is told of: a name before the text of each ----------
  let pointed = scale => {
    let at, points = scale.points.flatMap(([name, told]) => told.split("\n").map(point => {
      let [x, y, ...text] = point.split(",");
      return [x, y, name + text];
    }));
    return ([x, y], step) => {
      // What is not yet anywhere begins at the first point.
      let far = points.map(p => Math.hypot(p[0] - x, (p[1] - y) / 4)),
        next = step ? at + y * (scale.across || 1) + x | 0 : far.indexOf(Math.min(...far));
      if (points[next]) at = next;
      return points[at];
    };
  };

  //@ data-scale
  // -- the value under the pointer or under the arrow keys, over the picture ------------------------
  start("scale", (picture, told) => {
    // What it says is read aloud by itself.
    let scale = JSON.parse(told), tip = document.createElement("output"), figure = picture.parentNode,
      read = (scale.maps ? mapped : pointed)(scale, picture), zoom = () => picture.width / picture.naturalWidth,
      say = here => {
        let [x, y, text] = picture.at = here || [];
        if (!text) return tip.remove();
        tip.value = text;
        figure.append(tip);
        // The picture is in the corner of its figure; what is said lies as far in it as the place in the picture.
        tip.style = "top:" + (y * zoom() + 14) + "px;left:"
          + Math.max(0, x * zoom() * (1 - tip.offsetWidth / figure.clientWidth)) + "px";
      };
    picture.onmousemove = event => say(read([event.offsetX / zoom(), event.offsetY / zoom()], 0));
    picture.onmouseleave = picture.onblur = () => say();
    arrows(picture, (...step) => say(read(step, 1)));
  });

  //@ data-heads
  // -- the head that is clicked, or reached by the arrow keys, over the large picture's raster -----------
  start("heads", (sheet, told) => {
    // A part of the grid's picture is the background of a sheet over the large picture, which is the first head's.
    let [half, fit] = JSON.parse(told), grid = sheet.closest(".lsp").querySelector("img"), large = sheet.previousSibling,
      caption = sheet.nextSibling, first = caption.textContent;
    grid.style.cursor = "pointer";
    grid.onclick = grid.onkeyup = () => {
      let [x, y, text] = grid.at || [], look = sheet.style;
      if (!text) return;
      caption.textContent = text;
      sheet.hidden = first.startsWith(text);
      look.zoom = large.width / large.naturalWidth;
      look.background = 'url("' + grid.src + '")' + (half - x) * fit + "px " + (half - y) * fit + "px/" + grid.naturalWidth * fit + "px";
    };
  });

  //@ data-opens
  // -- a block of a graph that is clicked, or reached by the arrow keys, opened under the picture -----
  start("opens", (figure, told) => {
    let picture = figure.querySelector("img"),
      spot = ([x, y]) => JSON.parse(told).find(s => x >= s[0] && x <= s[2] && y >= s[1] && y <= s[3]),
      under = event => spot([event.offsetX, event.offsetY].map(n => n * picture.naturalWidth / picture.width)),
      open = found => {
        let branch = found && figure.closest(".lsp").querySelector("[data-level='" + found[4] + "']");
        for (let outer = branch; outer; outer = outer.parentElement.closest("details")) outer.open = true;
        branch?.querySelector("summary").focus();
      };
    // What is told under the pointer and moved by the arrow keys listens to the picture as well.
    picture.addEventListener("mousemove", event => picture.style.cursor = under(event) ? "pointer" : "");
    picture.onclick = event => open(under(event));
    picture.onkeyup = event => event.key == "Enter" && picture.at && open(spot(picture.at));
  });

  //@ data-turn
  // -- points in space, turned by the pointer or the arrow keys -------------------------------------
  start("turn", (picture, told) => {
    // Places with what stands beside them; the first three are the ends of the axes. The picture begins as it did.
    let held, [points, turn, tilt, size] = JSON.parse(told), [head] = picture.src.split("%3Cpath"),
      spin = (a, b, angle) => [a * Math.cos(angle) + b * Math.sin(angle), b * Math.cos(angle) - a * Math.sin(angle)],
      by = (across, down) => {
        let taken = [];
        turn += across;
        tilt = Math.max(-1.5, Math.min(1.5, tilt + down));
        picture.src = head + encodeURIComponent(points.map(([a, b, c, name], k) => {
          let [x, z] = spin(a, c, turn), [near, up] = spin(z, b, tilt);
          return [near, x, -up, name, k];
        }).sort((a, b) => a[0] - b[0]).map(([near, x, y, name, k]) => {
          // At the right of its point, or at the left where other words stand.
          let long = 6 * name.length, at = name && [x + 5, x - 5 - long].find(left =>
            taken.every(([u, v, wide]) => Math.abs(y - v) > 11 || left > u + wide || u > left + long));
          if (at) taken.push([at, y, long]);
          return (k < 3 ? '<path class="g" d="M' + [-x, -y] + "L" + [x, y]
            : '<circle cx="' + x + '" cy="' + y + '" r="' + size * (1 + near / 600) + '" opacity="' + (.75 + near / 999))
            + '"/>' + (at ? '<text x="' + at + '" y="' + (y + 4) + '">' + name + "</text>" : "");
        }).join("") + "</g></svg>");
      };
    picture.draggable = 0;
    picture.style = "cursor:grab;touch-action:none";
    picture.onpointerdown = picture.onpointermove = event => {
      let here = [event.clientX, event.clientY];
      picture.setPointerCapture(event.pointerId);
      if (event.buttons && event.type > "pointerm") by((here[0] - held[0]) / 120, (here[1] - held[1]) / 120);
      held = here;
    };
    arrows(picture, (across, down) => by(across / 10, down / 10));
    // What says how it is turned.
    picture.parentNode.lastChild.hidden = 0;
  });

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
}
