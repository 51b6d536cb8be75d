// Notes: a button with data-note="PATCH …/setNote" opens a dialog with what is written there now.

import { ask, say } from "./api.js";

const LONGEST = 1000;

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-note]");
  if (button) write(button);
});

function write(button) {
  const dialog = document.createElement("dialog");
  dialog.innerHTML = '<form method="dialog"><label>Note <textarea rows="5"></textarea></label><p class="buttons"><button value="no" class="quiet" formnovalidate>Cancel</button> <button value="yes" class="main">Write it</button></p></form>';
  const field = dialog.querySelector("textarea");
  field.maxLength = LONGEST;
  field.value = button.dataset.value;
  document.body.append(dialog);
  dialog.showModal();
  field.focus();
  dialog.addEventListener("close", async () => {
    dialog.remove();
    if (dialog.returnValue !== "yes") return;
    const [method, path] = button.dataset.note.split(" ", 2);
    try {
      const answer = await ask(method, path, { note: field.value || null });
      // What is there already is the button that was pressed, or the one that a live part put into its place
      const now = document.getElementById(button.id) ?? button;
      now.dataset.value = answer.note ?? "";
      say("The note is written.");
    } catch (error) {
      say(error.message, "error");
    }
  });
}
