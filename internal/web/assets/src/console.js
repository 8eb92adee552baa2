// The console's own script. Pages work without it; it adds live updates and asks before what cannot be
// taken back. It holds no patient data and stores nothing.
(() => {
  // ---- live updates: one event stream per browser ----
  // The tab that holds the lock reads the stream and tells the others. Events carry a topic, never data;
  // each page reads its own fragments again.
  const body = document.body;
  const live = body.dataset.live;
  const announce = (topic) => body.dispatchEvent(new CustomEvent("live:" + topic));

  function listen(tell) {
    const stream = new EventSource(live);
    stream.addEventListener("topic", (e) => tell(e.data));
    stream.addEventListener("signed-out", () => { stream.close(); tell("signed-out"); });
    // After a gap nobody knows what was missed: read everything again.
    let gap = false;
    stream.onerror = () => { gap = true; body.dataset.stream = "broken"; };
    stream.onopen = () => { body.dataset.stream = "open"; if (gap) { gap = false; tell("all"); } };
  }

  if (live) {
    if (navigator.locks && window.BroadcastChannel) {
      const channel = new BroadcastChannel("carillon-live");
      channel.onmessage = (e) => announce(e.data);
      navigator.locks.request("carillon-live", () => {
        listen((topic) => { announce(topic); channel.postMessage(topic); });
        return new Promise(() => {});
      });
    } else {
      listen(announce);
    }
    body.addEventListener("live:signed-out", () => window.location.reload());
  }

  // ---- dialogs: a button opens the one it names ----
  document.addEventListener("click", (e) => {
    const open = e.target.closest("[data-dialog]");
    if (open) {
      const dialog = document.getElementById(open.dataset.dialog);
      if (dialog) { e.preventDefault(); dialog.showModal(); }
      return;
    }
    const close = e.target.closest("[data-close]");
    if (close) { e.preventDefault(); close.closest("dialog").close(); return; }
    // A menu closes when something outside it is clicked.
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(e.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // ---- forms: one click sends once; a select that says so sends its form ----
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 4000);
  });
  document.addEventListener("change", (e) => {
    if (e.target.matches("[data-submit]")) e.target.form.requestSubmit();
  });
  document.addEventListener("click", (e) => {
    if (e.target.closest("[data-print]")) window.print();
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // A form with mistakes takes the reader to the first one.
  const wrong = document.querySelector("[data-first-error]");
  if (wrong) wrong.focus();
})();
