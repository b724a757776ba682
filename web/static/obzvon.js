// What the pages do more of where there is JavaScript: all rows of a page are ticked at once, and counted; a page that
// renews itself says when it cannot; a file that is too large is refused before it is sent; messages can be closed.
(() => {
  const picks = () => document.querySelectorAll("input[form=bulk][name=key]");
  const count = () => {
    const all = document.getElementById("all");
    const output = document.getElementById("selected");
    if (!all || !output) return;
    const boxes = [...picks()];
    const found = document.querySelector("#bulk input[name=scope]");
    const ticked = boxes.filter((box) => box.checked).length;
    const whole = Boolean(found && found.checked);  // also the rows of other pages
    all.hidden = false;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    output.value = whole ? found.dataset.shown : String(ticked);
    document.getElementById("bulk").classList.toggle("some", ticked > 0 || whole);
  };
  document.addEventListener("change", (event) => {
    const found = document.querySelector("#bulk input[name=scope]");
    if (event.target.id === "all" || event.target === found) {
      for (const box of picks()) box.checked = event.target.checked;
    }
    // A row that is taken out of all that were found must not be changed with them.
    if (found && event.target !== found && event.target.matches("#all, input[form=bulk][name=key]")) {
      found.checked = found.checked && event.target.checked;
    }
    count();
  });
  let last = null;  // the row that was ticked last: with Shift all rows from it to the next one are
  document.addEventListener("click", (event) => {
    if (!event.target.matches("input[form=bulk][name=key]")) return;
    const boxes = [...picks()];
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(event.target)].sort((a, b) => a - b);
    if (event.shiftKey && from >= 0) {
      for (const box of boxes.slice(from, to + 1)) box.checked = event.target.checked;
    }
    last = event.target;
  });
  document.addEventListener("change", (event) => {  // a file that is too large need not be sent to be refused
    const field = event.target;
    if (field.type !== "file" || !field.dataset.most) return;
    const large = [...field.files].some((file) => file.size > Number(field.dataset.most));
    field.setCustomValidity(large ? field.dataset.tooLarge : "");
    field.reportValidity();
  });
  document.addEventListener("htmx:afterSettle", count);
  document.addEventListener("DOMContentLoaded", count);
  count();
  document.addEventListener("click", (event) => {
    const close = event.target.closest(".told-close");
    if (close) close.parentElement.remove();
  });
  let path = location.pathname;  // another page begins at its top; a change of the same one keeps its place
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "main") return;
    if (location.pathname !== path && !location.hash) window.scrollTo(0, 0);
    path = location.pathname;
  });
  document.addEventListener("htmx:afterSettle", (event) => {  // what was refused is said where the person looks
    const refusal = event.target.id === "main" && event.target.querySelector("[role=alert]:not([hidden])");
    if (refusal) refusal.scrollIntoView({ block: "nearest" });
  });
  // What was set on the schedule and not saved is not left without a question.
  const unsaved = () => document.querySelector("form[data-unsaved][data-changed]");
  let sending = false;
  const changed = (event) => {
    const form = event.target.form;
    if (form && form.dataset.unsaved) form.dataset.changed = "1";
  };
  document.addEventListener("input", changed);
  document.addEventListener("change", changed);
  document.addEventListener("submit", (event) => { sending = event.target === unsaved(); });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved() && !sending) event.preventDefault();
  });
  document.addEventListener("htmx:confirm", (event) => {
    const form = unsaved();
    if (!form || event.detail.elt === form || event.detail.elt.form === form) return;
    if (!window.confirm(form.dataset.unsaved)) event.preventDefault();
  });
  const tab = Math.random().toString(36).slice(2, 12);
  let choices = 0;
  document.addEventListener("htmx:configRequest", (event) => {  // answers may be slow: the server sees which is the last
    if (event.detail.elt.id === "import") event.detail.parameters.choice = `${tab}-${++choices}`;
  });
  const lost = (is) => {
    const note = document.getElementById("run-lost");
    if (note && note.hidden === is) note.hidden = !is;
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "run-poll" && event.detail.xhr.status >= 400) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.target && event.detail.target.id === "run-poll") lost(!event.detail.successful);
  });
})();
