// SPDX-License-Identifier: Apache-2.0
// people.js: as whom the page acts, the views' tabs, the call toast of the Assistant, and who has which role in which unit.

import { send, shared } from "./api.js";
import { $, CHIPS, button, chip, element, identityOf, modalityName, nameOf, replaceIfNew, select } from "./dom.js";

let redraw = () => {};

// ---- views ----

export function showView(name) {
  for (const tab of $("tabs").children) tab.setAttribute("aria-current", tab.dataset.view === name);
  for (const tab of $("tabs").children) $("view-" + tab.dataset.view).hidden = tab.dataset.view !== name;
  document.title = document.querySelector("[data-view=" + name + "]").firstChild.textContent.trim() + " – Nimbus simulator";
}

// ---- the acting user ----

export function actAs(upn) {
  shared.acting = upn;
  sessionStorage.setItem("acting", upn);
  $("acting").value = upn;
  redraw();
}

export function setUpPeople(render) {
  redraw = render;
  for (const tab of $("tabs").children) tab.addEventListener("click", () => { showView(tab.dataset.view); redraw(); });
  $("acting").addEventListener("change", () => actAs($("acting").value));
}

function renderActing() {
  const picker = $("acting");
  if (picker.options.length - 1 !== shared.state.users.length) {
    for (const user of shared.state.users)
      picker.append(element("option", { value: user.upn, textContent: user.displayName + " (" + user.role + ")" }));
    picker.value = shared.acting;
    shared.acting = picker.value;
  }
  shared.state.users.forEach((user, i) => {
    const text = user.displayName + " (" + user.role + ")";
    if (picker.options[i + 1].textContent !== text) picker.options[i + 1].textContent = text;
  });
}

// ---- the toast ----

function toastFields(task) {
  const known = [["Company", task.customer.company], ["Calls", task.serviceDisplayName], ["As", modalityName(task)],
    ["Message", task.initialMessage || task.emailSubject], ...task.customContextParameters.map(p => [p.name, p.value])];
  return known.filter(([, value]) => value).slice(0, 8)
    .flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", { textContent: value })]);
}

/** It rings at the acting user's desk, or at anybody's when the page acts as everybody. */
export function renderToast() {
  const task = shared.state.tasks.find(t => t.ringing && (!shared.acting || t.ringing === shared.acting));
  $("toast").hidden = !task;
  if (!task) return;
  const name = nameOf(task), path = "tasks/" + task.taskId;
  const key = JSON.stringify([task.taskId, task.ringing, task.customer, task.customContextParameters]);
  if ($("toast").dataset.key === key) return;
  $("toast").dataset.key = key;
  $("toast").replaceChildren(element("h3", { textContent: "Ringing at " + task.ringing }),
    element("b", { textContent: name || identityOf(task) }),
    element("span", { textContent: name ? identityOf(task) : "No context yet", className: "blank" }),
    element("dl", {}, ...toastFields(task)),
    button("Accept", () => send(path + "/accept", { user: task.ringing }), "accept"), " ",
    button("Decline", () => send(path + "/decline"), "hang-up"));
}

// ---- roles and units ----

function userRow(user) {
  const s = shared.state, path = "users/" + encodeURIComponent(user.upn);
  const owns = s.services.filter(service => service.owners.includes(user.upn)).map(service => service.displayName);
  const duty = element("input", { type: "checkbox", checked: user.onDuty, ariaLabel: user.displayName + " is on duty",
    onchange: () => send(path, { onDuty: duty.checked }) });
  duty.toggleAttribute("checked", user.onDuty);
  return element("tr", {}, element("td", {}, element("b", { textContent: user.displayName }),
    element("small", { className: "blank", textContent: " " + user.upn })),
    element("td", {}, select("Role of " + user.displayName, s.roles.map(r => [r, r]), user.role, role => send(path, { role }))),
    element("td", {}, select("Unit of " + user.displayName, s.units.map(u => [u.name, u.name]), user.unit, unit => send(path, { unit }))),
    element("td", { textContent: owns.join(", ") || "—" }), element("td", {}, duty),
    element("td", {}, chip(user.state, CHIPS[user.state])));
}

function unitNode(unit) {
  const s = shared.state, here = list => list.filter(one => one.unit === unit.name).map(one => one.displayName || one.name);
  const item = element("li", {}, element("b", { textContent: unit.name }));
  for (const [what, names] of [["Services", here(s.services)], ["Address books", here(s.addressBooks)], ["Users", here(s.users)]])
    if (names.length) item.append(element("small", { textContent: what + ": " + names.join(", ") }));
  const below = s.units.filter(other => other.parent === unit.name);
  if (below.length) item.append(element("ul", { className: "tree" }, ...below.map(unitNode)));
  return item;
}

export function renderPeople() {
  renderActing();
  if ($("view-people").hidden) return;
  const s = shared.state;
  const heads = ["User", "Role", "Unit", "Owner of", "On duty", "State"].map(text => element("th", { textContent: text }));
  $("lost-rights").textContent = "Changes count from the next check on. " + (s.lostRights === "403"
    ? "Who has lost a right still gets events, but each action is refused (403)."
    : "Who has lost a right gets no events any more, and nobody is told.");
  replaceIfNew($("user-table"), element("table", {}, element("thead", {}, element("tr", {}, ...heads)),
    element("tbody", {}, ...s.users.map(userRow))));
  replaceIfNew($("unit-tree"), element("ul", { className: "tree" }, ...s.units.filter(u => !u.parent).map(unitNode)));
}
