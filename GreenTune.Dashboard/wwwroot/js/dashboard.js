// What the components ask the browser for (BrowserSession and the charts).

/** Names the time zone, keeps it for the next visit, and reports whether the tab is seen. From here on the page answers, which tests wait for. */
export function connect(session) {
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  setCookie('greentune-zone', timeZone);
  document.documentElement.dataset.connected = '';
  document.addEventListener('visibilitychange', () => {
    session.invokeMethodAsync('SetHidden', document.hidden).catch(() => { /* the circuit is gone */ });
  });
  return { timeZone, hidden: document.hidden };
}

export function setCookie(name, value) {
  const age = value ? 60 * 60 * 24 * 365 : 0;
  document.cookie = `${name}=${encodeURIComponent(value ?? '')};path=/;max-age=${age};samesite=lax`;
}

/** Reports an element's content width, now and whenever it changes, at most once a frame. */
export function observeWidth(element, component) {
  let last = 0;
  let frame = 0;
  const report = () => {
    frame = 0;
    const width = element.clientWidth;
    if (width > 0 && Math.abs(width - last) >= 1) {
      last = width;
      component.invokeMethodAsync('SetWidth', width).catch(() => { /* the component is gone */ });
    }
  };
  const observer = new ResizeObserver(() => {
    frame ||= requestAnimationFrame(report);
  });
  observer.observe(element);
  return {
    stop() {
      observer.disconnect();
      cancelAnimationFrame(frame);
    }
  };
}

/** Lets the handle of the weight triangle be dragged. Weights are the barycentric coordinates of the pointer, held inside the triangle. */
export function dragWeights(svg, component) {
  let busy = false;
  let next = null;

  function weightsAt(event) {
    const matrix = svg.getScreenCTM()?.inverse();
    if (!matrix) {
      return null;
    }
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    const [a, b, c] = svg.dataset.corners.split(' ').map(pair => pair.split(',').map(Number));
    const area = (b[1] - c[1]) * (a[0] - c[0]) + (c[0] - b[0]) * (a[1] - c[1]);
    const energy = ((b[1] - c[1]) * (point.x - c[0]) + (c[0] - b[0]) * (point.y - c[1])) / area;
    const efficiency = ((c[1] - a[1]) * (point.x - c[0]) + (a[0] - c[0]) * (point.y - c[1])) / area;
    const weights = [energy, efficiency, 1 - energy - efficiency].map(w => Math.max(0, w));
    const sum = weights[0] + weights[1] + weights[2];
    return weights.map(w => w / sum);
  }

  // One message under way at a time, and then the newest position: a slow line does not pile up old ones.
  async function send(weights) {
    next = weights;
    if (busy) {
      return;
    }
    busy = true;
    try {
      while (next) {
        const [energy, efficiency, effectiveness] = next;
        next = null;
        await component.invokeMethodAsync('MoveTo', energy, efficiency, effectiveness);
      }
    } catch {
      // The component is gone.
    } finally {
      busy = false;
    }
  }

  const down = event => {
    if (event.button !== 0) {
      return;
    }
    svg.setPointerCapture(event.pointerId);
    const weights = weightsAt(event);
    if (weights) {
      send(weights);
    }
  };
  const move = event => {
    if (svg.hasPointerCapture(event.pointerId)) {
      const weights = weightsAt(event);
      if (weights) {
        send(weights);
      }
    }
  };
  svg.addEventListener('pointerdown', down);
  svg.addEventListener('pointermove', move);
  return {
    stop() {
      svg.removeEventListener('pointerdown', down);
      svg.removeEventListener('pointermove', move);
    }
  };
}

export function download(fileName, mediaType, text) {
  save(fileName, new Blob([text], { type: `${mediaType};charset=utf-8` }));
}

/** Saves a drawing as a PNG at twice its size, on the page's surface, with its title. */
export async function exportPng(selector, fileName, title) {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const svg = document.querySelector(selector);
  if (!svg) {
    return;
  }
  const box = svg.getBoundingClientRect();
  const titleHeight = 34;
  const copy = svg.cloneNode(true);
  takeOverStyles(svg, copy);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const image = new Image();
  await new Promise((done, failed) => {
    image.onload = done;
    image.onerror = failed;
    image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(new XMLSerializer().serializeToString(copy));
  });
  const scale = 2;
  const margin = 16;
  const canvas = document.createElement('canvas');
  canvas.width = (box.width + 2 * margin) * scale;
  canvas.height = (box.height + titleHeight + 2 * margin) * scale;
  const context = canvas.getContext('2d');
  const style = getComputedStyle(document.documentElement);
  context.scale(scale, scale);
  context.fillStyle = style.getPropertyValue('--surface');
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = style.getPropertyValue('--text');
  context.font = `620 15px ${getComputedStyle(document.body).fontFamily}`;
  context.fillText(title, margin, margin + 16);
  context.drawImage(image, margin, margin + titleHeight, box.width, box.height);
  const blob = await new Promise(done => canvas.toBlob(done, 'image/png'));
  if (blob) {
    save(fileName, blob);
  }
}

/** Puts a text into the clipboard and tells whether that worked. Over plain HTTP from another machine there is no clipboard API: the older way still is there. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const focused = document.activeElement;
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'visually-hidden';
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    focused?.focus();
    return copied;
  }
}

export function focus(selector) {
  requestAnimationFrame(() => {
    const element = document.querySelector(selector);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: 'nearest' });
  });
}

/** Opens a modal dialog; a click on what is behind it closes it, and the component is told of every closing. */
export function openDialog(element, component) {
  element.addEventListener('close', () => {
    component.invokeMethodAsync('Closed').catch(() => { /* the circuit is gone */ });
  }, { once: true });
  element.addEventListener('pointerdown', event => {
    if (event.target === element) {
      element.close();
    }
  });
  element.showModal();
  element.querySelector('input, select, textarea, .dialog-actions button')?.focus();
}

export function closeElement(element) {
  element.close();
}

export function closeDialog(id) {
  document.getElementById(id)?.close();
}

/** Moves the end of a conversation into view, unless the reader has scrolled away from it. */
export function follow(selector) {
  const element = document.querySelector(selector);
  const bottom = element?.getBoundingClientRect().bottom ?? 0;
  if (element && bottom > innerHeight && bottom < innerHeight + 240) {
    element.scrollIntoView({ block: 'end' });
  }
}

// An exported drawing stands alone: it has no stylesheet and no variables, so each element takes its computed style along.
function takeOverStyles(from, to) {
  const properties = ['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-linejoin', 'opacity', 'font-family', 'font-size', 'font-weight', 'paint-order'];
  const style = getComputedStyle(from);
  to.setAttribute('style', properties.map(name => `${name}:${style.getPropertyValue(name)}`).join(';'));
  [...from.children].forEach((child, index) => takeOverStyles(child, to.children[index]));
}

function save(fileName, blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
