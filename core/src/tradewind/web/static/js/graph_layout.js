// Where the boxes and lines of a graph go: in ranks, with few crossings, each group's inside by itself.
//
// This is the way of Sugiyama, Tagawa and Toda (1981): ranks by the longest path, places for lines that pass a rank, order
// by barycentres, and coordinates as near to the neighbours' mean as the boxes allow. A thousand tasks take some tens of
// milliseconds; general libraries took from one second to ten, which is too long for a page that is looked at all day.

const RANK_GAP = 56; // between ranks, where it is not told otherwise; lines bend here only, so that none runs through a box
const BOX_GAP = 16;
const LINE_GAP = 10;
const SWEEPS = 10;
const PLACINGS = 14;
const MOST_PASSES = 30000; // places for lines that pass ranks; beyond, long lines go straight
const PAD = { before: 14, after: 14, title: 26 };

/**
 * Lay a graph out.
 *
 * @param {{width: number, height: number, group: number}[]} nodes boxes; `group` is the place of the group each is in, or -1.
 * @param {{group: number, width: number}[]} groups each after the one that it is in; `width` is what its title needs.
 * @param {{from: number, to: number, label: string}[]} edges by places of nodes; those with a label share lines with the like.
 * @param {number} gap between ranks, as labels need it.
 * @param {boolean} isDown whether ranks go from top to bottom, and not from left to right.
 * @returns {{nodes: {x: number, y: number}[], groups: {x: number, y: number, width: number, height: number}[],
 *   lines: {points: number[][], edges: number[]}[], width: number, height: number}} corners of boxes, and lines as pairs of
 *   points between which a line is straight and bent in turns; each line with the edges that go over it.
 */
export function layout(nodes, groups, edges, isDown, gap = RANK_GAP) {
  const insides = [...groups, null].map(() => ({ items: [], links: new Map(), ports: new Map() }));
  const inside = (group) => insides[group < 0 ? groups.length : group];
  const items = nodes.map((node, place) => ({
    along: isDown ? node.height : node.width, across: isDown ? node.width : node.height, node: place,
  }));
  const boxes = groups.map((group, place) => ({ group: place, along: 0, across: 0 }));
  groups.forEach((group, place) => inside(group.group).items.push(boxes[place]));
  nodes.forEach((node, place) => inside(node.group).items.push(items[place]));
  thread(nodes, groups, edges, inside, items, boxes);
  // Innermost first: a group's inside tells how large it is
  for (let place = groups.length; place-- > 0; ) {
    const made = arrange(insides[place], gap);
    const inset = isDown ? PAD.before + PAD.title : PAD.before;
    const above = isDown ? PAD.before : PAD.before + PAD.title;
    Object.assign(boxes[place], { inset, above, along: made.along + inset + PAD.after, across: made.across + above + PAD.after });
    const title = groups[place].width;
    if (isDown) boxes[place].across = Math.max(boxes[place].across, title);
    else boxes[place].along = Math.max(boxes[place].along, title);
  }
  const whole = arrange(inside(-1), gap);
  const found = { nodes: [], groups: [], lines: [], width: isDown ? whole.across : whole.along, height: isDown ? whole.along : whole.across };
  put(inside(-1), 0, 0, [0, 0], found, isDown, insides);
  return found;
}

/** Cut each edge at the borders of groups that it crosses. Where many go to one end, they share the way from the border on. */
function thread(nodes, groups, edges, inside, items, boxes) {
  const around = (group) => {
    const found = [];
    for (; group >= 0; group = groups[group].group) found.push(group);
    return found; // the innermost first
  };
  const paths = nodes.map((node) => around(node.group));
  const meeting = edges.map(({ from, to }) => {
    const [a, b] = [paths[from], paths[to]];
    let shared = 0;
    while (shared < a.length && shared < b.length && a[a.length - 1 - shared] === b[b.length - 1 - shared]) shared++;
    return [a.slice(0, a.length - shared), b.slice(0, b.length - shared), shared ? a[a.length - shared] : -1];
  });
  const count = new Map();
  const more = (key) => count.set(key, (count.get(key) ?? 0) + 1);
  const outOf = (place) => `o ${edges[place].from} ${meeting[place][1].at(-1)}`;
  const into = (place) => `i ${edges[place].to} ${meeting[place][0].at(-1)}`;
  edges.forEach((_, place) => { more(outOf(place)); more(into(place)); });
  edges.forEach((edge, place) => {
    const [outer, inner, common] = meeting[place];
    const key = edge.label ? `label ${edge.from} ${edge.label}` : count.get(into(place)) > count.get(outOf(place)) ? `to ${edge.to}` : `from ${edge.from}`;
    let [item, port] = [items[edge.from], null];
    for (const group of outer) {
      const exit = portOf(inside(group), key, 1);
      link(inside(group), item, port, exit, null, place);
      [item, port] = [boxes[group], exit];
    }
    let [last, entry] = [items[edge.to], null];
    for (const group of inner) {
      const door = portOf(inside(group), key, -1);
      link(inside(group), door, null, last, entry, place);
      [last, entry] = [boxes[group], door];
    }
    link(inside(common), item, port, last, entry, place);
  });
}

function portOf(part, key, side) {
  const name = `${side} ${key}`;
  if (!part.ports.has(name)) {
    const port = { along: 0, across: 0, side };
    part.ports.set(name, port);
    part.items.push(port);
  }
  return part.ports.get(name);
}

let names = 0;
const nameOf = (item) => (item.name ??= ++names);

function link(part, from, exit, to, entry, edge) {
  const key = `${nameOf(from)} ${exit ? nameOf(exit) : ""} ${nameOf(to)} ${entry ? nameOf(entry) : ""}`;
  const known = part.links.get(key);
  if (known) known.edges.push(edge);
  else part.links.set(key, { from, exit, to, entry, edges: [edge] });
}

/** Give each item of a group's inside its place in it. */
function arrange(part, gap) {
  const links = [...part.links.values()];
  const [linked, alone] = split(part.items, links);
  ranks(linked, links);
  const layers = order(passes(linked, links));
  across(layers);
  return size(layers, alone, gap);
}

function split(items, links) {
  for (const each of items) Object.assign(each, { before: [], after: [], rank: 0 });
  for (const each of links) {
    each.from.after.push(each);
    each.to.before.push(each);
  }
  return [items.filter((each) => each.before.length || each.after.length), items.filter((each) => !each.before.length && !each.after.length)];
}

/** Give each item its rank; links that lead back are turned round for it. */
function ranks(items, links) {
  const [open, done] = [1, 2];
  const seen = new Map();
  const sorted = [];
  for (const root of [...items.filter((each) => !each.before.length), ...items]) {
    if (seen.has(root)) continue;
    seen.set(root, open);
    const stack = [[root, 0]];
    while (stack.length) {
      const top = stack.at(-1);
      const next = top[0].after[top[1]++];
      if (!next) {
        seen.set(top[0], done);
        sorted.push(top[0]);
        stack.pop();
      } else if (!seen.has(next.to)) {
        seen.set(next.to, open);
        stack.push([next.to, 0]);
      } else next.isBack = seen.get(next.to) === open;
    }
  }
  sorted.reverse();
  const ahead = (item) => [...item.after.filter((each) => !each.isBack).map((each) => each.to), ...item.before.filter((each) => each.isBack).map((each) => each.from)];
  const doors = links.some((each) => each.from.side === -1 || each.to.side === -1) ? 1 : 0;
  for (const each of sorted) if (each.side !== -1) each.rank = Math.max(each.rank, doors);
  for (const each of sorted) for (const next of ahead(each)) next.rank = Math.max(next.rank, each.rank + 1);
  // What nothing leads to stands right before what it leads to
  for (const each of [...sorted].reverse()) {
    const next = ahead(each);
    if (each.before.length || !next.length || each.side) continue;
    each.rank = Math.max(each.rank, Math.min(...next.map((one) => one.rank)) - 1);
  }
  const last = Math.max(0, ...items.filter((each) => !each.side).map((each) => each.rank));
  for (const each of items) if (each.side === 1) each.rank = Math.max(each.rank, last + 1);
  const border = Math.max(0, ...items.map((each) => each.rank));
  for (const each of items) if (each.side === 1) each.rank = border;
}

/** Give links places in the ranks that they pass; those of one end share them. Returns all pairs in neighbouring ranks. */
function passes(items, links) {
  const [out, back] = [new Map(), new Map()];
  const long = links.filter((each) => Math.abs(each.to.rank - each.from.rank) > 1);
  const key = (item, port) => `${item.name} ${port?.name ?? ""}`;
  for (const each of long) {
    out.set(key(each.from, each.exit), (out.get(key(each.from, each.exit)) ?? 0) + 1);
    back.set(key(each.to, each.entry), (back.get(key(each.to, each.entry)) ?? 0) + 1);
  }
  const chains = new Map();
  const pairs = new Set();
  let made = 0;
  for (const each of links) {
    const isBack = each.to.rank < each.from.rank;
    const [low, high] = isBack ? [each.to, each.from] : [each.from, each.to];
    each.way = [];
    if (high.rank - low.rank > 1 && made < MOST_PASSES) {
      const [from, to] = [key(each.from, each.exit), key(each.to, each.entry)];
      const shared = isBack ? `one ${links.indexOf(each)}` : back.get(to) > out.get(from) ? `to ${to}` : `from ${from}`;
      if (!chains.has(shared)) chains.set(shared, new Map());
      const chain = chains.get(shared);
      for (let rank = low.rank + 1; rank < high.rank; rank++) {
        if (!chain.has(rank)) {
          made++;
          const pass = { along: 0, across: 0, rank, isPass: true, before: [], after: [] };
          chain.set(rank, pass);
          items.push(pass);
        }
        each.way.push(chain.get(rank));
      }
    }
    const stops = [low, ...each.way, high];
    for (let place = 1; place < stops.length; place++) {
      const [one, two] = [stops[place - 1], stops[place]];
      if (two.rank - one.rank !== 1) continue;
      const name = `${nameOf(one)} ${nameOf(two)}`;
      if (pairs.has(name)) continue;
      pairs.add(name);
      (one.next ??= []).push(two);
      (two.last ??= []).push(one);
    }
    if (isBack) each.way.reverse();
  }
  return items;
}

/** Order each rank so that few lines cross. */
function order(all) {
  const layers = [];
  for (const each of all) {
    each.next ??= [];
    each.last ??= [];
    (layers[each.rank] ??= []).push(each);
  }
  for (let rank = 0; rank < layers.length; rank++) layers[rank] ??= [];
  const number = () => { for (const layer of layers) layer.forEach((each, place) => { each.place = place; }); };
  deepFirst(layers);
  number();
  let [best, fewest] = [layers.map((layer) => [...layer]), crossings(layers)];
  for (let sweep = 0; sweep < SWEEPS && fewest; sweep++) {
    const isForth = sweep % 2 === 0;
    for (let step = 1; step < layers.length; step++) {
      const layer = layers[isForth ? step : layers.length - 1 - step];
      for (const each of layer) {
        const beside = isForth ? each.last : each.next;
        each.weight = beside.length ? beside.reduce((sum, one) => sum + one.place, 0) / beside.length : each.place;
      }
      layer.sort((one, two) => one.weight - two.weight || one.place - two.place);
      layer.forEach((each, place) => { each.place = place; });
    }
    const found = crossings(layers);
    if (found < fewest) [best, fewest] = [layers.map((layer) => [...layer]), found];
  }
  best.forEach((layer) => layer.forEach((each, place) => { each.place = place; }));
  return best;
}

/** Begin with what hangs together side by side. */
function deepFirst(layers) {
  const seen = new Set();
  const sorted = layers.map(() => []);
  for (const root of layers.flat()) {
    const stack = [root];
    while (stack.length) {
      const each = stack.pop();
      if (seen.has(each)) continue;
      seen.add(each);
      sorted[each.rank].push(each);
      for (let place = each.last.length; place-- > 0; ) stack.push(each.last[place]);
      for (let place = each.next.length; place-- > 0; ) stack.push(each.next[place]);
    }
  }
  sorted.forEach((layer, rank) => { layers[rank] = layer; });
}

function crossings(layers) {
  let found = 0;
  for (let rank = 1; rank < layers.length; rank++) {
    const size = layers[rank].length;
    const tree = new Int32Array(size + 1);
    let sum = 0;
    for (const upper of layers[rank - 1]) {
      const ends = upper.next.map((each) => each.place).sort((a, b) => a - b);
      for (const end of ends) {
        let below = 0;
        for (let at = end + 1; at > 0; at -= at & -at) below += tree[at];
        found += sum - below;
      }
      for (const end of ends) {
        sum++;
        for (let at = end + 1; at <= size; at += at & -at) tree[at]++;
      }
    }
  }
  return found;
}

/** Place each rank's items across it: as near to the mean of their neighbours as their order and their sizes allow. */
function across(layers) {
  for (const layer of layers) {
    let at = 0;
    layer.forEach((each, place) => {
      each.offset = place ? at + apart(layer[place - 1], each) : 0;
      at = each.offset;
      each.at = each.offset;
    });
  }
  for (let step = 0; step < PLACINGS; step++) {
    const isLast = step >= PLACINGS - 2;
    const isForth = step % 2 === 0;
    for (let rank = 0; rank < layers.length; rank++) {
      settle(layers[isForth ? rank : layers.length - 1 - rank], (each) => (isLast ? [...each.last, ...each.next] : isForth ? each.last : each.next));
    }
  }
}

const apart = (one, two) => (one.across + two.across) / 2 + (one.isPass && two.isPass ? LINE_GAP : BOX_GAP);

/** Find the places nearest to those wished for that keep all apart: neighbours that push each other move as one block. */
function settle(layer, beside) {
  const blocks = [];
  for (const each of layer) {
    const near = beside(each);
    const weight = near.length ? (each.isPass && near.some((one) => one.isPass) ? 8 : 1) : 0.05;
    const wish = near.length ? near.reduce((sum, one) => sum + one.at, 0) / near.length : each.at;
    let block = { weight, sum: weight * (wish - each.offset), size: 1 };
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).weight > block.sum / block.weight) {
      const above = blocks.pop();
      block = { weight: above.weight + block.weight, sum: above.sum + block.sum, size: above.size + block.size };
    }
    blocks.push(block);
  }
  let place = 0;
  for (const block of blocks) {
    const shift = block.sum / block.weight;
    for (let number = 0; number < block.size; number++, place++) layer[place].at = layer[place].offset + shift;
  }
}

/** Give ranks their places, and items that nothing is linked to theirs below all others. */
function size(layers, alone, gap) {
  const all = layers.flat();
  let least = Infinity;
  for (const each of all) least = Math.min(least, each.at - each.across / 2);
  let [along, widest] = [0, 0];
  layers.forEach((layer, rank) => {
    const thick = layer.reduce((most, each) => Math.max(most, each.along), 0);
    for (const each of layer) {
      each.at -= least;
      widest = Math.max(widest, each.at + each.across / 2);
      Object.assign(each, { begin: along, end: along + thick });
    }
    along += thick + (rank < layers.length - 1 ? (thick && layers[rank + 1].some((each) => each.along) ? gap : RANK_GAP / 2) : 0);
  });
  if (!alone.length) return { along, across: widest };
  const area = alone.reduce((sum, each) => sum + (each.along + BOX_GAP) * (each.across + BOX_GAP), 0);
  const most = Math.max(along, Math.sqrt(area) * 1.4);
  let [at, low, high] = [0, all.length ? widest + BOX_GAP * 2 : 0, 0];
  for (const each of alone) {
    if (at && at + each.along > most) [at, low, high] = [0, low + high + BOX_GAP, 0];
    Object.assign(each, { begin: at, end: at + each.along, at: low + each.across / 2 });
    at += each.along + BOX_GAP;
    high = Math.max(high, each.across);
    along = Math.max(along, at - BOX_GAP);
  }
  return { along, across: low + high };
}

/** Write down where everything is, from the outermost inwards. */
function put(part, along, sideways, borders, found, isDown, insides) {
  const point = (x, y) => (isDown ? [y, x] : [x, y]);
  for (const item of part.items) {
    const [begin, top] = [along + item.begin, sideways + item.at - item.across / 2];
    const [x, y] = point(begin, top);
    if (item.node !== undefined) found.nodes[item.node] = { x, y };
    else if (item.group !== undefined) {
      const [width, height] = point(item.along, item.across);
      found.groups[item.group] = { x, y, width, height };
      put(insides[item.group], begin + item.inset, top + item.above, [-item.inset, item.along - item.inset], found, isDown, insides);
    }
  }
  for (const each of part.links.values()) {
    const isBack = each.to.rank < each.from.rank;
    const points = [];
    const add = (x, y) => points.push(point(along + x, sideways + y));
    const level = (item, port) => (port ? item.at - item.across / 2 + item.above + port.at : item.at);
    const [start, stop] = [level(each.from, each.exit), level(each.to, each.entry)];
    if (isBack) { add(each.from.begin, start); add(each.from.begin, start); }
    else if (each.from.side) { add(borders[0], start); add(each.from.end, start); }
    else { add(each.from.begin + each.from.along, start); add(each.from.end, start); }
    for (const pass of each.way) for (const x of isBack ? [pass.end, pass.begin] : [pass.begin, pass.end]) add(x, pass.at);
    if (isBack) { add(each.to.end, stop); add(each.to.begin + each.to.along, stop); }
    else { add(each.to.begin, stop); add(each.to.side ? borders[1] : each.to.begin, stop); }
    found.lines.push({ points, edges: each.edges, ends: [each.from.node ?? -1, each.to.node ?? -1] });
  }
}
