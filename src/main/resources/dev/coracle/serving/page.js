// SPDX-License-Identifier: Apache-2.0
'use strict';

const $ = id => document.getElementById(id);
const canvas = $('canvas');
const context = canvas.getContext('2d', {alpha: false});
const SIZE = canvas.width;
const STROKE = SIZE * 0.075; // about as thick for its size as MNIST's strokes
const STEP = SIZE / 28; // of the pen that keys move
const LARGEST = 640; // side of a picture that is sent: the model sees 28
const MANY = 20; // classes; of more, the ten most probable are shown
const percent = p => (100 * p).toFixed(1) + '\u00a0%';

/* What is drawn: strokes, which are lists of points, and pictures, each of which hides what is before it. */
let items = [];
let drawing = 0; // counts the changes, so that an answer can be matched with its drawing
let answered = 0;
let subject = 0; // counts the beginnings: an answer about an earlier subject is not shown
let stroke = null; // that the pointer draws
const pen = {x: SIZE / 2, y: SIZE / 2, stroke: null}; // that keys move

function changed() {
  drawing++;
  document.body.classList.toggle('inked', items.length > 0);
  requestAnimationFrame(paint);
  if (items.length === 0) {
    subject++;
    answered = drawing;
    reset();
    if (!waiting) say('');
  } else {
    ask();
  }
}

function add(item) {
  if (item.picture || visible()[0]?.picture) subject++;
  items.push(item);
  changed();
}

function clear() {
  items = [];
  lift();
  changed();
}

function undo() {
  items.pop();
  lift();
  if (items.length) subject++;
  changed();
}

/** Ends the strokes under way. */
function lift() {
  stroke = null;
  pen.stroke = null;
  placePen();
}

function visible() {
  const last = items.findLastIndex(item => item.picture);
  return last < 0 || last === items.length - 1 ? items.slice(Math.max(last, 0)) : items.slice(last + 1);
}

function paint() {
  const style = getComputedStyle(canvas);
  context.fillStyle = style.backgroundColor;
  context.fillRect(0, 0, SIZE, SIZE);
  context.strokeStyle = style.color;
  context.lineWidth = STROKE;
  context.lineCap = context.lineJoin = 'round';
  for (const item of visible()) {
    if (item.picture) {
      const {width, height} = item.picture;
      const scale = SIZE / Math.max(width, height);
      context.imageSmoothingEnabled = scale < 4; // a picture of few pixels keeps them sharp
      context.drawImage(item.picture, (SIZE - width * scale) / 2, (SIZE - height * scale) / 2, width * scale, height * scale);
      continue;
    }
    const points = item.points;
    context.beginPath();
    context.moveTo(points[0].x, points[0].y);
    for (let i = 1; i < points.length - 1; i++) {
      const {x, y} = points[i];
      context.quadraticCurveTo(x, y, (x + points[i + 1].x) / 2, (y + points[i + 1].y) / 2);
    }
    const end = points[points.length - 1];
    context.lineTo(end.x + 0.01, end.y); // of one point: a dot, which a line of no length is not
    context.stroke();
  }
}

/* Pointer. */
function point(event) {
  const box = canvas.getBoundingClientRect();
  return {x: (event.clientX - box.left) / box.width * SIZE, y: (event.clientY - box.top) / box.height * SIZE};
}

canvas.addEventListener('pointerdown', event => {
  if (!event.isPrimary || event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  lift();
  stroke = {points: [point(event)]};
  add(stroke);
});
canvas.addEventListener('pointermove', event => {
  if (!stroke || !event.isPrimary) return;
  const events = event.getCoalescedEvents?.() ?? [];
  stroke.points.push(...(events.length ? events : [event]).map(point));
  changed();
});
for (const end of ['pointerup', 'pointercancel']) {
  canvas.addEventListener(end, event => { if (event.isPrimary) stroke = null; });
}

/* Keys. */
const held = new Set(); // two arrows at once go diagonally
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

function placePen() {
  $('pen').style.left = pen.x / SIZE * 100 + '%';
  $('pen').style.top = pen.y / SIZE * 100 + '%';
  $('pen').classList.toggle('down', pen.stroke !== null);
}

canvas.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in ARROWS) {
    held.add(event.key);
    for (const key of held) {
      pen.x = Math.min(SIZE, Math.max(0, pen.x + ARROWS[key][0] * STEP));
      pen.y = Math.min(SIZE, Math.max(0, pen.y + ARROWS[key][1] * STEP));
    }
    if (pen.stroke) {
      pen.stroke.points.push({x: pen.x, y: pen.y});
      changed();
    }
  } else if (event.key === ' ' && !event.repeat) {
    pen.stroke = pen.stroke ? null : {points: [{x: pen.x, y: pen.y}]};
    if (pen.stroke) add(pen.stroke);
    speak(pen.stroke ? 'Pen down' : 'Pen up');
  } else if (event.key !== ' ') {
    return;
  }
  event.preventDefault(); // the page does not scroll
  placePen();
});
canvas.addEventListener('keyup', event => held.delete(event.key));
canvas.addEventListener('blur', () => held.clear());
document.addEventListener('keydown', event => {
  if (event.key === 'Escape') {
    clear();
  } else if (event.key === 'z' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    undo();
  }
});
$('clear').addEventListener('click', clear);
$('undo').addEventListener('click', undo);

/* Pictures. */
async function open(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    say('This file is no picture that the browser can read. Choose a PNG or JPEG file.');
    return;
  }
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const picture = document.createElement('canvas');
  picture.width = Math.max(1, Math.round(bitmap.width * scale));
  picture.height = Math.max(1, Math.round(bitmap.height * scale));
  const target = picture.getContext('2d');
  target.fillStyle = '#fff'; // behind a transparent picture, as on the server
  target.fillRect(0, 0, picture.width, picture.height);
  target.imageSmoothingQuality = 'high';
  target.drawImage(bitmap, 0, 0, picture.width, picture.height);
  bitmap.close();
  lift();
  add({picture});
}

$('file').addEventListener('change', event => {
  if (event.target.files.length) open(event.target.files[0]);
  event.target.value = ''; // the same file can be chosen again
});
addEventListener('paste', event => {
  if (event.clipboardData.files.length) open(event.clipboardData.files[0]);
});
addEventListener('dragover', event => {
  event.preventDefault();
  document.body.classList.add('dropping');
});
addEventListener('dragleave', event => {
  if (!event.relatedTarget) document.body.classList.remove('dropping');
});
addEventListener('drop', event => {
  event.preventDefault();
  document.body.classList.remove('dropping');
  if (event.dataTransfer.files.length) {
    open(event.dataTransfer.files[0]);
  } else {
    say('Nothing to read was dropped here. Drop a PNG or JPEG file.');
  }
});

/* The server. One request at a time; when it is answered, the newest drawing follows. */
let asking = false;
let waiting = false;

/** Returns what is drawn as PNG. */
function png() {
  paint();
  return new Promise(done => (visible()[0]?.picture ?? canvas).toBlob(done, 'image/png'));
}

async function ask() {
  if (asking || waiting) return;
  asking = true;
  while (answered !== drawing && !waiting) {
    const [asked, about] = [drawing, subject];
    const body = await png();
    let response, answer;
    try {
      response = await fetch('invocations', {
        method: 'POST',
        headers: {'Content-Type': 'image/png', Accept: 'application/json'},
        body,
        signal: AbortSignal.timeout(10000),
      });
      answer = response.ok ? await response.json() : await reason(response);
    } catch {
      wait('The server does not answer.');
      break;
    }
    if (response.status === 503) {
      wait(answer);
      break;
    }
    answered = Math.max(answered, asked);
    if (about !== subject) continue;
    say(response.ok ? '' : answer);
    if (response.ok) {
      show(answer.predictions[0]);
    } else {
      reset();
    }
  }
  asking = false;
}

async function reason(response) {
  try {
    const error = (await response.json()).error;
    return error[0].toUpperCase() + error.slice(1).replace(/\.$/, '') + '.';
  } catch {
    return `The server answers ${response.status} ${response.statusText}.`.replace(' .', '.');
  }
}

async function ready() {
  try {
    const response = await fetch('v2/health/ready', {signal: AbortSignal.timeout(5000)});
    return response.ok ? '' : await reason(response);
  } catch {
    return 'The server does not answer.';
  }
}

/** Says what is wrong until the server is ready, and asks again then. */
async function wait(problem) {
  if (waiting) return;
  waiting = true;
  while (problem) {
    say(problem + ' Trying again…');
    await new Promise(done => setTimeout(done, 1000));
    problem = await ready();
  }
  waiting = false;
  if (answered === drawing) say('');
  ask();
}

/* What is shown. */
let names = [...'0123456789']; // an answer names its class only; another class has its number until then
let silence;

function say(text) {
  if ($('status').textContent !== text) $('status').textContent = text;
}

/** Tells screen readers, once the drawing rests. */
function speak(text, delay = 0) {
  clearTimeout(silence);
  silence = setTimeout(() => { $('spoken').textContent = text; }, delay);
}

function row(name, probability, best, element) {
  const [label, track, value] = element.children;
  label.textContent = name;
  value.textContent = probability === null ? '' : percent(probability);
  track.firstChild.style.transform = `translateX(${100 * ((probability ?? 0) - 1)}%)`;
  element.classList.toggle('best', best);
}

function rows(count) {
  const list = $('bars');
  while (list.children.length > count) list.lastChild.remove();
  while (list.children.length < count) {
    const item = document.createElement('li');
    const [label, track, value] = ['span', 'span', 'span'].map(tag => document.createElement(tag));
    track.className = 'track';
    track.append(document.createElement('span'));
    track.firstChild.className = 'fill';
    item.append(label, track, value);
    list.append(item);
  }
  list.classList.toggle('long', names.some(name => name.length > 3));
  return [...list.children];
}

function show({index, label, probability, probabilities}) {
  if (probabilities.length !== names.length) names = probabilities.map((_, i) => String(i));
  names[index] = label;
  let shown = probabilities.map((_, i) => i);
  if (shown.length > MANY) shown = shown.sort((a, b) => probabilities[b] - probabilities[a]).slice(0, 10);
  rows(shown.length).forEach((element, i) =>
    row(names[shown[i]], probabilities[shown[i]], shown[i] === index, element));
  $('digit').textContent = label;
  $('digit').classList.toggle('long', label.length > 2);
  $('probability').textContent = percent(probability);
  $('caption').textContent = 'probability';
  $('verdict').classList.add('known');
  speak(`${label}, ${percent(probability)}`, 700);
}

function reset() {
  rows(Math.min(names.length, names.length > MANY ? 10 : MANY)).forEach((element, i) =>
    row(names[i], null, false, element));
  $('digit').textContent = '?';
  $('digit').classList.remove('long');
  const blank = items.length === 0;
  $('probability').textContent = blank ? 'Nothing drawn yet' : 'No answer';
  $('caption').textContent = blank ? 'The answer appears here.' : 'See the note by the drawing.';
  $('verdict').classList.remove('known');
  speak('', 0);
}

/* The command. */
const command = $('curl').textContent.replace(/http:\S+/, new URL('invocations', document.baseURI).href);
$('curl').textContent = command;
$('copy').hidden = !navigator.clipboard; // it is there over HTTPS and on localhost only
$('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText(command);
  $('copy').textContent = 'Copied';
  setTimeout(() => { $('copy').textContent = 'Copy'; }, 1500);
});
$('save').addEventListener('click', async () => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await png());
  link.download = 'digit.png';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
paint();
placePen();
reset();
ready().then(problem => { if (problem) wait(problem); });
