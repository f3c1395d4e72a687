// The large view beside the list of materials. Without it the thumbnails are plain links to the pages.
"use strict";
(() => {
  const viewer = document.getElementById("viewer");
  const sheets = [...document.querySelectorAll("a.sheet")];
  if (!viewer || sheets.length === 0) return;
  const view = document.getElementById("viewer-view");
  const name = document.getElementById("viewer-name");
  const whole = document.getElementById("viewer-whole");
  const tools = Object.fromEntries([...viewer.querySelectorAll("[data-do]")].map((b) => [b.dataset.do, b]));
  const turns = new Map(); // by place, for as long as the page is open
  let place = -1;
  let zoom = 1; // 1 is the whole page
  let picture = null;

  const say = (words) => {
    const said = document.createElement("p");
    said.className = "empty";
    said.textContent = words;
    view.replaceChildren(said);
    picture = null;
  };

  const lay = () => {
    if (!picture || !picture.naturalWidth) return;
    const turn = turns.get(place) ?? 0;
    const lying = turn % 180 !== 0;
    const [wide, high] = lying
      ? [picture.naturalHeight, picture.naturalWidth]
      : [picture.naturalWidth, picture.naturalHeight];
    const room = 16;
    const scale = Math.min((view.clientWidth - room) / wide, (view.clientHeight - room) / high) * zoom;
    const frame = picture.parentElement;
    picture.style.width = `${picture.naturalWidth * scale}px`;
    picture.style.height = `${picture.naturalHeight * scale}px`;
    picture.style.transform = `rotate(${turn}deg)`;
    // a turned picture takes the room that it had lying: the frame is given what it needs now
    const overhang = ((wide - picture.naturalWidth) * scale) / 2;
    const overhigh = ((high - picture.naturalHeight) * scale) / 2;
    picture.style.margin = `${overhigh}px ${overhang}px`;
    frame.style.width = `${Math.max(wide * scale, view.clientWidth)}px`;
    frame.style.height = `${Math.max(high * scale, view.clientHeight - 1)}px`;
    tools.smaller.disabled = zoom <= 1;
    tools.larger.disabled = zoom >= 8;
  };

  const show = (next) => {
    if (next < 0 || next >= sheets.length) return;
    const opening = place < 0; // the page opens at its top, not at its pictures
    if (!opening) sheets[place].removeAttribute("aria-current");
    place = next;
    zoom = 1;
    const sheet = sheets[place];
    sheet.setAttribute("aria-current", "true");
    if (!opening) sheet.scrollIntoView({ block: "nearest" });
    if (!turns.has(place)) turns.set(place, Number(sheet.dataset.turn) || 0);
    name.textContent = sheet.dataset.name;
    whole.href = sheet.dataset.whole;
    const isPicture = sheet.dataset.kind === "picture";
    for (const what of ["left", "right", "smaller", "larger", "fit"]) tools[what].disabled = !isPicture;
    tools.back.disabled = place === 0;
    tools.next.disabled = place === sheets.length - 1;
    if (isPicture) {
      picture = new Image();
      picture.alt = sheet.dataset.name;
      picture.addEventListener("load", lay);
      picture.addEventListener("error", () => say(view.dataset.broken));
      picture.src = sheet.href;
      const frame = document.createElement("div");
      frame.className = "frame";
      frame.append(picture);
      view.replaceChildren(frame);
      lay();
    } else {
      const pdf = document.createElement("object");
      pdf.type = "application/pdf";
      const frame = new URL(sheet.href).searchParams.get("frame") ?? "0";
      pdf.data = `${sheet.href}#page=${Number(frame) + 1}&navpanes=0&view=FitH`;
      pdf.setAttribute("aria-label", sheet.dataset.name);
      const instead = document.createElement("p");
      instead.className = "empty";
      instead.textContent = view.dataset.pdf;
      pdf.append(instead);
      view.replaceChildren(pdf);
      picture = null;
    }
  };

  const deeds = {
    back: () => show(place - 1),
    next: () => show(place + 1),
    left: () => turn(-90),
    right: () => turn(90),
    smaller: () => rezoom(1 / 1.25),
    larger: () => rezoom(1.25),
    fit: () => { zoom = 1; lay(); },
  };

  const turn = (by) => {
    turns.set(place, ((turns.get(place) ?? 0) + by + 360) % 360);
    lay();
  };

  const rezoom = (by) => {
    const across = (view.scrollLeft + view.clientWidth / 2) / view.scrollWidth;
    const down = (view.scrollTop + view.clientHeight / 2) / view.scrollHeight;
    zoom = Math.min(8, Math.max(1, zoom * by));
    lay();
    view.scrollLeft = across * view.scrollWidth - view.clientWidth / 2;
    view.scrollTop = down * view.scrollHeight - view.clientHeight / 2;
  };

  for (const [what, button] of Object.entries(tools)) button.addEventListener("click", () => deeds[what]());
  sheets.forEach((sheet, n) => {
    sheet.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(n);
      view.focus({ preventScroll: true });
    });
  });
  view.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const zoomed = zoom > 1;
    const what = event.shiftKey
      ? { ArrowLeft: "left", ArrowRight: "right", "+": "larger" }[event.key]
      : { "+": "larger", "=": "larger", "-": "smaller", 0: "fit", PageUp: "back", PageDown: "next",
          ArrowLeft: zoomed ? undefined : "back", ArrowRight: zoomed ? undefined : "next" }[event.key];
    if (!what || tools[what].disabled) return;
    event.preventDefault();
    deeds[what]();
  });
  new ResizeObserver(lay).observe(view);

  document.documentElement.classList.add("with-viewer");
  viewer.hidden = false;
  show(0);
})();
