// Comfort for every output that is not yet alive: sorting, searching, the value under the pointer.
// An output carries the first and the last part, and those after a line that names an attribute or a key it has,
// or all that are joined by "&". `map` walks as `forEach` does, in fewer letters.
// Without it everything is there and readable. No library, no network, nothing kept.
// What begins at two blanks is known everywhere, the names inside of it are its own (page/dense.py).
{
  // What is alive has lost the attribute that asked for it.
  let start = (name, act) => document.querySelectorAll("[data-" + name + "]").forEach(part =>
    act(part, part.dataset[name], delete part.dataset[name]));

  //@ data-sort
  // -- sorting and searching a table, or a tree, whose rows then stand under its headings with their full names -------
  start("sort", box => {
    // The heading that sorts, which way, and what is searched.
    let last, way, wanted, body = box.querySelector("tbody"), line = cell => cell.querySelector("summary") || cell,
      // The rows, without those that stand inside of a row, and where each is at home.
      all = [...box.querySelectorAll("tbody tr:not(:scope td tr)")].map(row => [row, row.parentNode]),
      // A line that is one cell is sorted by all that it says, a cell by the line of the fold that it opens.
      text = ([row]) => {
        let cell = row.cells[last.cellIndex] || row;
        return cell.dataset.v || line(cell).textContent;
      },
      // A number, perhaps with its unit; names (0.weight) and shapes (48×16) are none.
      number = one => +text(one).replace(/,|[ %].*/g, "").replace("inf", 1 / 0),
      lay = box.parentNode.oninput = () => {
        //@ data-sort&data-find
        wanted = box.previousSibling?.value?.toLowerCase() || "";
        //@ data-sort
        (way ? [...all].sort((a, b) =>
          (number(a) - number(b) || text(a).localeCompare(text(b), "en", { numeric: 1 })) * way) : all)
          .map(([row, home]) => {
            //@ data-sort&data-p
            line(row.cells[0]).prepend(row.said ??= new Text);
            row.said.data = (way || wanted) && home.dataset.p || "";
            //@ data-sort&data-find
            row.hidden = ![...row.cells].some(cell => line(cell).textContent.toLowerCase().includes(wanted));
            //@ data-sort
            (way || wanted ? body : home).append(row);
          });
      };
    [...body.previousSibling.rows[0].cells].map(heading => {
      heading.tabIndex = 0;
      heading.title = "sort, reverse, back";
      heading.style.cursor = "pointer";
      heading.onclick = heading.onkeydown = event => {
        // A click has no key: it is undefined.
        if (/Enter| |und/.test(event.key)) {
          // Numbers fall at first; the third time all is as it was.
          let first = heading.className ? -1 : 1;
          (last || heading).ariaSort = null;
          way = last != heading ? first : way == first && -first;
          last = way && heading;
          if (way) heading.ariaSort = way > 0 ? "ascending" : "descending";
          lay();
          return false;
        }
      };
    });
  });

  //@ data-find
  // -- the field for searching: rows whose name or text holds what is typed -----------------------------
  start("find", field => field.hidden = 0);

  //@ data-rows
  // -- a click anywhere on a row opens what its name opens; boxes around the row's own have no say -------
  start("rows", box => box.onclick = event => {
    event.cancelBubble = 1;
    event.target.closest("details,tr")?.cells?.[0].querySelector("summary")?.click();
  });

  //@ "bar":
  // -- the value of a colour, where the page does not keep the values: it is looked for in the colour bar ----
  let coloured = ([left, top, wide, low, step, strange], picture, x, y) => {
    // The pixel, and behind it the bar.
    let pen = new OffscreenCanvas(wide + 1, 1).getContext("2d");
    pen.drawImage(picture, -x | 0, -y | 0);
    pen.drawImage(picture, left, top, wide, 1, 1, 0, wide, 1);
    let seen = pen.getImageData(0, 0, wide + 1, 1).data, far = Array.from(Array(wide), (_, k) =>
      Math.hypot(...[0, 1, 2].map(c => seen[4 * k + 4 + c] - seen[c]))), least = Math.min(...far);
    return least < 25 ? "≈ " + (low + step * far.indexOf(least)).toPrecision(3) : strange;
  };

  //@ "maps":
  // -- the places of rasters: of each axis, across and down, where it begins, how large a place is, how many there are,
  //    how many values a place covers, the numbers of the first and the last value, its name and the words of its places
  let mapped = (scale, picture) => {
    let map;
    // What is told at a spot, or a step (1) away from where it was told last.
    return (spot, step) => {
      // A map keeps the places where it is.
      map = step ? map || scale.maps[0] : scale.maps.find(m => m.axes.every(([from, size, most], k) =>
        (m[k] = (spot[k] - from) / size) > 0 && m[k] < most));
      let here = [], told = map?.axes.map(([from, size, most, block, first, last, name, words], k) => {
        let index = map[k] = Math.max(0, Math.min(most - 1, map[k] + step * spot[k] | 0)), begin = first + index * block, end = Math.min(begin + block - 1, last);
        here[k] = from + (index + .5) * size;
        return name + (words ? words[index] : begin + (end > begin ? "–" + end : ""));
      });
      return told && [...here, told[1] + ", " + told[0] + ": " +
        //@ "bar":&"v":
        (map.v ? map.v.split(";")[map[1]].split(",")[map[0]] : coloured(scale.bar, picture, ...here))];
        //@ "v":&!"bar":
        map.v.split(";")[map[1]].split(",")[map[0]]];
        //@ "bar":&!"v":
        coloured(scale.bar, picture, ...here)];
        //@ "maps":
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
      let far = points.map(p => Math.hypot(p[0] - x, (p[1] - y) / (scale.down || 4))),
        next = step ? at + y * (scale.across || 1) + x | 0 : far.indexOf(Math.min(...far));
      if (points[next]) at = next;
      return points[at];
    };
  };

  //@ "turn":
  // -- points in space, turned by the pointer that is pressed or by steps -------------------------------
  let turned = (scale, picture) => {
    // Places after what stands beside them; the first three are the ends of the axes. The picture begins as it did.
    let [points, turn, tilt, size] = scale.turn, [head] = picture.src.split("%3Cpath");
    picture.draggable = 0;
    picture.style = "cursor:grab;touch-action:none";
    // What says how it is turned.
    picture.parentNode.lastChild.hidden = 0;
    let by = ([across, down], step) => {
      if (!step) return;
      let taken = [], seen = new DOMMatrix().rotate(tilt -= 6 * down, 0).rotate(0, turn += 6 * across);
      picture.src = head + encodeURIComponent(points.map(([name, ...place], k) => {
        // The words stand at the right of their point, or at the left where others are.
        let { x, y, z } = seen.transformPoint(new DOMPoint(...place)), long = 6 * name.length, free = name && [x + 5, x - 5 - long].find(left =>
          taken.every(([u, v, wide]) => Math.abs(y - v) > 11 || left > u + wide || u > left + long));
        if (free) taken.push([free, y, long]);
        return (k < 3 ? '<path class="g" d="M' + [-x, -y] : '<path stroke-width="' + size * (1 + z / 300) + '" d="M' + [x, y])
          + "L" + [x, y] + '"/>' + (free ? '<text x="' + free + '" y="' + (y + 4) + '">' + name + "</text>" : "");
      }).join("") + "</g></svg>");
    };
    picture.onpointermove = event => {
      if (event.buttons) {
        picture.setPointerCapture(event.pointerId);
        by([event.movementX / 12, event.movementY / 12], 1);
      }
    };
    return by;
  };

  //@ data-scale
  // -- the value under the pointer or under the arrow keys, over the picture; what is told begins with its kind ------
  start("scale", (picture, told) => {
    // What it says is read aloud by itself.
    let tip = document.createElement("output"), zoom = () => picture.width / picture.naturalWidth,
      read =
        //@ "points":&"maps": "points":&"turn": "turn":&"maps":
        (
        //@ "points":&"maps": "points":&"turn":
        told[2] == "p" ? pointed :
        //@ "turn":&"maps":
        told[2] == "t" ? turned :
        //@ "maps":
        mapped
        //@ "turn":&!"maps":
        turned
        //@ "points":&!"maps":&!"turn":
        pointed
        //@ "points":&"maps": "points":&"turn": "turn":&"maps":
        )
        //@ data-scale
        (JSON.parse(told), picture),
      say = (here = []) => {
        let [x, y, text] = picture.at = here;
        tip.hidden = !text;
        tip.value = text;
        picture.after(tip);
        // The picture is in the corner of its figure; what is said lies as far over it as its place.
        tip.style = "top:" + (y * zoom() + 14) + "px;left:max(0px,"
          + x * zoom() * (1 - tip.offsetWidth / picture.width) + "px)";
      };
    picture.onmousemove = event => say(read([event.offsetX / zoom(), event.offsetY / zoom()], 0));
    picture.onmouseout = picture.onblur = () => say();
    picture.tabIndex = 0;
    picture.dataset.lmSuppressShortcuts = 1;
    picture.onkeydown = event => {
      let way = "LURD".indexOf(event.key[5]);
      // The page must not scroll then.
      return way < 0 || !!say(read([(way - 1) % 2, (way - 2) % 2], 1));
    };
  });

  //@ data-heads
  // -- the head that is clicked, or reached by the arrow keys, over the large picture's raster -----------
  start("heads", (grid, told) => {
    // A part of the grid's picture is the background of a sheet over the large picture, which is the first head's
    // and tells the values of that head alone.
    let [half, fit] = told.split(","), [large, sheet, caption] = grid.parentNode.nextSibling.children,
      first = caption.innerText, look = sheet.style;
    grid.style.cursor = "pointer";
    grid.onclick = grid.onkeyup = () => {
      let [x, y, text] = grid.at || [];
      if (text) {
        caption.innerText = text;
        large.inert = !(sheet.hidden = first.startsWith(text));
        look.zoom = large.width / large.naturalWidth;
        look.background = 'url("' + grid.src + '")' + (half - x * fit) + "px " + (half - y * fit) + "px/" + grid.naturalWidth * fit + "px";
      }
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
    part.closest(".widget-vbox").querySelectorAll('details[data-k="' + place + '"]').forEach(fold => {
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
