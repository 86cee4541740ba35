// SPDX-License-Identifier: Apache-2.0
// queue.js: My Queue and Live View: what waits, what goes on, who is there.

import { send, shared } from "./api.js";
import { $, CHIPS, button, chip, clock, element, identityOf, modalityName, nameOf, replaceIfNew } from "./dom.js";

const LANES = [["In IVR"], ["In Queue"], ["Ringing", "Transferring", "Dialing Out"], ["Connected"]];
const ORDER = { Strict: 0, High: 1, Normal: 2, Low: 3 };

function shownTasks() {
  const service = $("service").value;
  return shared.state.tasks.filter(task => !service || task.serviceUPN === service);
}

/** The most urgent first, then who has waited longest. */
function waiting() {
  return shownTasks().filter(task => task.state === "In Queue")
    .sort((a, b) => (ORDER[a.priority] ?? 2) - (ORDER[b.priority] ?? 2) || a.created.localeCompare(b.created));
}

function queueRow(task, open) {
  const name = nameOf(task);
  const taken = shared.acting ? { user: shared.acting } : {};
  return element("tr", {}, element("td", {}, element("b", { textContent: name || identityOf(task) }),
    element("small", { className: "blank", textContent: name ? " " + identityOf(task) : "" })),
    element("td", { textContent: task.customer.company || "—" }), element("td", { textContent: modalityName(task) }),
    element("td", { textContent: task.serviceDisplayName }), element("td", { textContent: task.priority }),
    element("td", { textContent: clock(task.created) }),
    element("td", {}, button("Pickup", () => send("tasks/" + task.taskId + "/accept", taken), "accept small"),
      button("Details", () => open(task.taskId))));
}

function renderMyQueue(open) {
  const tasks = waiting().slice(0, 100);
  const heads = ["Caller", "Company", "Modality", "Service", "Priority", "Since", ""];
  const body = tasks.length ? element("table", {}, element("thead", {}, element("tr", {},
    ...heads.map(text => element("th", { textContent: text })))), element("tbody", {}, ...tasks.map(t => queueRow(t, open))))
    : element("p", { className: "blank", textContent: "Nobody waits." });
  const key = JSON.stringify(tasks.map(t => [t.taskId, t.customer, t.priority]).concat(shared.acting));
  if ($("queue").dataset.key === key) return;
  $("queue").dataset.key = key;
  $("queue").replaceChildren(body);
}

function lane(states, open) {
  const tasks = shownTasks().filter(task => states.includes(task.state));
  return element("section", { className: "lane" }, element("h3", {}, states[0], element("span", { className: "count", textContent: tasks.length })),
    ...tasks.slice(0, 12).map(task => element("button", { type: "button", className: "mini", onclick: () => open(task.taskId) },
      nameOf(task) || identityOf(task), element("small", { textContent: [task.serviceDisplayName, task.ringing || task.user]
        .filter(Boolean).join(" · ") }))));
}

function figures() {
  const tasks = shownTasks(), ended = tasks.filter(task => task.state === "Terminated");
  const times = tasks.map(task => task.contextMs).filter(ms => ms !== null).sort((a, b) => a - b);
  return [["Sessions", tasks.length], ["Accepted", tasks.filter(task => task.user).length],
    ["Lost", ended.filter(task => !task.user).length], ["With context", times.length],
    ["Context, median", times.length ? Math.round(times[times.length >> 1]) + " ms" : "—"]]
    .map(([name, value]) => element("div", { className: "figure" }, element("b", { textContent: value }), element("span", { textContent: name })));
}

function renderLive(open) {
  const key = JSON.stringify(shownTasks().map(t => [t.taskId, t.state, t.customer, t.ringing]));
  if ($("live-tasks").dataset.key !== key) {
    $("live-tasks").dataset.key = key;
    $("live-tasks").replaceChildren(...LANES.map(states => lane(states, open)));
  }
  const busy = upn => shared.state.tasks.filter(task => task.user === upn && task.state === "Connected").length;
  replaceIfNew($("live-users"), ...shared.state.users.map(user => element("div", { className: "row" },
    element("span", {}, user.displayName, element("small", { textContent: user.role + (busy(user.upn) ? " · " + busy(user.upn) + " connected" : "") })),
    chip(user.state, CHIPS[user.state]))));
  replaceIfNew($("live-figures"), ...figures());
}

export function renderQueue(open) {
  $("queue-count").textContent = waiting().length;
  if (!$("view-queue").hidden) renderMyQueue(open);
  if (!$("view-live").hidden) renderLive(open);
}
