// The part of a drawing that is in sight: moved and enlarged by wheel, mouse, fingers, keys and buttons.

const [SMALLEST, LARGEST, READABLE] = [0.02, 3, 0.55];
const FAR = 0.3; // below it nobody can read, so that text need not be painted
const EDGE = 16;
const CLICK = 4; // pixels that a click may move

/**
 * Show a drawing in a box.
 *
 * @param {HTMLElement} box where it is shown.
 */
export function view(box) {
  const frame = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const layer = document.createElementNS("http://www.w3.org/2000/svg", "g");
  frame.append(layer);
  box.append(frame);
  const at = { x: EDGE, y: EDGE, scale: 1, width: 1, height: 1 };
  const pointers = new Map();
  let moved = 0;
  let asked = false;

  const write = () => {
    asked = false;
    layer.setAttribute("transform", `translate(${at.x} ${at.y}) scale(${at.scale})`);
    frame.classList.toggle("far", at.scale < FAR);
  };
  const later = () => {
    if (!asked) requestAnimationFrame(write);
    asked = true;
  };
  const move = (dx, dy) => {
    at.x += dx;
    at.y += dy;
    later();
  };
  const zoom = (by, x = box.clientWidth / 2, y = box.clientHeight / 2) => {
    const scale = Math.max(SMALLEST, Math.min(LARGEST, at.scale * by));
    at.x = x - ((x - at.x) * scale) / at.scale;
    at.y = y - ((y - at.y) * scale) / at.scale;
    at.scale = scale;
    later();
  };
  const whole = () => Math.min(1, (box.clientWidth - 2 * EDGE) / at.width, (box.clientHeight - 2 * EDGE) / at.height);
  const fit = (scale = Math.max(SMALLEST, whole())) => {
    at.scale = scale;
    at.x = Math.max(EDGE, (box.clientWidth - at.width * scale) / 2);
    at.y = Math.max(EDGE, (box.clientHeight - at.height * scale) / 2);
    write();
  };

  box.addEventListener("wheel", (event) => {
    event.preventDefault();
    const edge = box.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - edge.left, event.clientY - edge.top);
  }, { passive: false });
  box.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (pointers.size === 1) moved = 0;
  });
  box.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    moved += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
    // Only what moves is held: a held pointer's click would be the box's
    if (moved > CLICK && !box.hasPointerCapture(event.pointerId)) box.setPointerCapture(event.pointerId);
    if (pointers.size === 1) move(now[0] - before[0], now[1] - before[1]);
    else {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const edge = box.getBoundingClientRect();
      const far = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
      zoom(far(now) / far(before), (now[0] + other[0]) / 2 - edge.left, (now[1] + other[1]) / 2 - edge.top);
    }
    pointers.set(event.pointerId, now);
  });
  for (const name of ["pointerup", "pointercancel"]) box.addEventListener(name, (event) => pointers.delete(event.pointerId));
  box.addEventListener("dragstart", (event) => event.preventDefault()); // links are not dragged away

  return {
    move, zoom, fit: () => fit(),
    /** Show another drawing. */
    show(drawing, width, height) {
      Object.assign(at, { width: Math.max(1, width), height: Math.max(1, height) });
      layer.replaceChildren(drawing);
    },
    /** Show the whole where that can be read, else its beginning. */
    begin() {
      // No taller than what is shown, where that is broad
      box.style.height = "";
      const tallest = box.clientHeight;
      const needed = at.height * Math.min(1, (box.clientWidth - 2 * EDGE) / at.width) + 2 * EDGE;
      if (needed < tallest && whole() >= READABLE) box.style.height = `${needed}px`;
      fit(whole() >= READABLE ? whole() : 0.8);
      // The beginning of a tall drawing is in the middle of its height, not in its corner
      const height = at.height * at.scale;
      if (height > box.clientHeight && at.width >= at.height) at.y = (box.clientHeight - height) / 2;
      write();
    },
    /** Make it large enough to be read. */
    enlarge() {
      if (at.scale < READABLE) at.scale = 0.8;
      write();
    },
    /** Move so that a place is in sight. */
    reveal({ x, y, width, height }) {
      const [left, top] = [x * at.scale + at.x, y * at.scale + at.y];
      const [right, bottom] = [left + width * at.scale, top + height * at.scale];
      const isIn = left >= 0 && top >= 0 && right <= box.clientWidth && bottom <= box.clientHeight;
      if (!isIn) move(box.clientWidth / 2 - (left + right) / 2, box.clientHeight / 2 - (top + bottom) / 2);
    },
    /** Move so that what was at one place stays in sight at another. */
    keep(before, after) {
      move((before.x - after.x) * at.scale, (before.y - after.y) * at.scale);
    },
    /** Whether the last press of the pointer moved the drawing, and so was no click. */
    wasMoved: () => moved > CLICK,
    isMoving: () => pointers.size > 0,
  };
}
