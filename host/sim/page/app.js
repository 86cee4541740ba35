// SPDX-License-Identifier: Apache-2.0
// app.js: My Sessions of the simulated cluster: the list, the details, test calls. The other views have files of their own.

import { request, send, setLink, shared } from "./api.js";
import { $, CHIPS, chip, clock, element, eventName, icon, iconOf, identityOf, modalityName, nameOf, table } from "./dom.js";
import { renderDesk, setUpDesk } from "./desk.js";
import { actAs, renderPeople, renderToast, setUpPeople, showView } from "./people.js";
import { renderQueue } from "./queue.js";

let chosen = null;    // the task in the detail pane
let shownFields = {}; // what the customer block showed last, to mark what is new

async function watch() {
  for (let after = 0; ;) {
    try {
      shared.state = await request("GET", "/sim/state?after=" + after);
      after = shared.state.version;
      setLink("live", "live");
      render();
    } catch (error) {
      after = 0;
      setLink(error instanceof TypeError ? "not reachable, trying again" : error.message, "lost");
      await new Promise(done => setTimeout(done, 1000));
    }
  }
}

// ---- the list ----

const rows = new Map();

/** Of the acting user's concern: rings there, was taken or refused there. */
const isMine = task => !shared.acting || task.ringing === shared.acting || task.user === shared.acting
  || (task.userSessions || []).some(session => session.user === shared.acting);

function updateRow(row, task) {
  const name = nameOf(task), identity = identityOf(task);
  row.setAttribute("aria-current", task.taskId === chosen);
  row.dataset.task = task.taskId;
  row.replaceChildren(
    element("span", { className: "avatar" }, icon(iconOf(task))),
    element("span", { className: "name", textContent: name || identity }),
    chip(task.state, CHIPS[task.state]),
    element("span", { className: "sub", textContent: [name && identity, task.customer.company, task.serviceDisplayName]
      .filter(Boolean).join(" · ") }),
    element("span", { className: "when", textContent: clock(task.created) }));
}

function renderList() {
  const service = $("service").value;
  const shown = shared.state.tasks.filter(task => (!service || task.serviceUPN === service) && isMine(task));
  const items = shown.map(task => {
    let item = rows.get(task.taskId);
    if (!item) {
      const button = element("button", { className: "session", type: "button", onclick: () => choose(task.taskId) });
      item = element("li", {}, button);
      rows.set(task.taskId, item);
    }
    updateRow(item.firstChild, task);
    return item;
  });
  const list = $("sessions");
  const gone = new Set(list.children);
  items.forEach((item, i) => {          // move only what is out of place: focus stays where it is
    gone.delete(item);
    if (list.children[i] !== item) list.insertBefore(item, list.children[i] || null);
  });
  gone.forEach(item => { item.remove(); rows.delete(item.firstChild.dataset.task); });
  $("no-sessions").hidden = shown.length > 0;
}

function choose(id) {
  chosen = id;
  shownFields = {};
  document.querySelector("main").classList.toggle("open", id !== null);
  render();
}

// ---- the details ----

const FIELDS = [["firstName", "First name"], ["lastName", "Last name"], ["displayName", "Display name"],
  ["company", "Company"], ["department", "Department"], ["jobTitle", "Job title"], ["email", "E-mail"],
  ["primaryTelNumber", "Telephone"], ["UPN", "UPN"], ["imAddress", "IM address"], ["streetAddress", "Street"],
  ["postCode", "Postcode"], ["city", "City"], ["state", "State"], ["country", "Country"]];

function valueNode(key, value, lost) {
  const node = element("dd", { textContent: value || (lost ? "Not Available" : "—"), className: value ? "" : "blank" });
  if (value && key in shownFields && shownFields[key] !== value) node.classList.add("fresh");
  shownFields[key] = value || "";
  return node;
}

function renderCustomer(customer, lost) {
  const pairs = FIELDS.map(([key, label]) => [key, label, customer[key]])
    .concat((customer.telNumbers || []).map(n => ["tel " + n.name, n.name, n.value]))
    .concat((customer.customFields || []).map(f => ["field " + f.name, f.name, f.value]));
  $("customer").replaceChildren(...pairs.map(([key, label, value]) =>
    element("div", {}, element("dt", { textContent: label }), valueNode(key, value, lost))));
}

function deliveryChip(delivery) {
  if (delivery.state === "delivered") return chip(delivery.status + " in " + delivery.ms + " ms", "ok");
  const why = delivery.status || delivery.error || "";
  const tries = delivery.attempts > 1 ? ", " + delivery.attempts + " attempts" : "";
  const made = delivery.state === "waiting" ? chip((why ? "trying again: " + why : "sending") + tries, "queue")
    : chip("not delivered: " + (why || delivery.state) + tries, "bad");
  made.title = delivery.error || "";
  return made;
}

function eventNode(event) {
  const isNote = event.event.startsWith("(");
  const isList = event.event === "(updated)" || event.event === "(input)";
  const detail = isList ? JSON.parse(event.detail).join(", ") : event.detail;
  const what = element("span", { className: isNote ? "note" : "what", textContent: eventName(event.event) });
  if (detail) what.append(element("small", { textContent: (isList ? "" : isNote ? " " : ": ") + detail }));
  const ways = event.deliveries.length ? event.deliveries.map(deliveryChip)
    : isNote ? [] : [chip("nobody subscribed")];
  return element("li", {}, element("time", { textContent: "+" + (event.offsetMs / 1000).toFixed(3) + " s",
    title: event.at }), what, element("span", { className: "ways" }, ...ways));
}

function renderContext(task) {
  const arrived = task.contextMs !== null;
  $("context").className = arrived ? "context arrived" : "context";
  $("context").textContent = arrived ? "Context arrived " + (task.contextMs < 1 ? "in less than 1" : "after " + task.contextMs)
    + " ms, counted from System Accepted"
    : task.updates ? "An update came, but it changed nothing" : "No context yet: without a flow only the caller's address is known";
}

function renderDetail() {
  const task = shared.state.tasks.find(candidate => candidate.taskId === chosen);
  $("detail").hidden = !task;
  if (!task) return;
  const name = nameOf(task), identity = identityOf(task);
  $("caller").textContent = name || identity;
  $("about").replaceChildren(chip(task.state, CHIPS[task.state]), ...[name && identity, modalityName(task),
    task.direction, task.serviceDisplayName, task.LastConnectedUserUPN && "taken by " + task.LastConnectedUserUPN,
    task.ringing && "at " + task.ringing, task.priority !== "Normal" && "priority " + task.priority, task.result,
    task.outcome].filter(Boolean).map(text => element("span", { textContent: text })));
  $("accept").disabled = !task.canAccept || task.state === "Terminated";
  $("hang-up").disabled = task.state === "Terminated";
  $("ring").disabled = $("accept").disabled || Boolean(task.ringing);
  renderTransfer(task);
  $("assistant").textContent = task.assistant ? JSON.stringify(task.assistant, null, 2) : "";
  $("assistant-card").hidden = !task.assistant;
  renderContext(task);
  renderCustomer(task.customer, task.contextLost);
  $("parameters").replaceChildren(table(["Name", "Value"], task.customContextParameters.map(p => [p.name, p.value])));
  $("users").replaceChildren(table(["User", "Priority"], task.preferredUsers.map(u => [u.upn, u.priority])));
  $("message").textContent = task.initialMessage || task.emailSubject || "";
  $("message-card").hidden = !$("message").textContent;
  $("events").replaceChildren(...task.history.map(eventNode));
}

function renderTransfer(task) {
  const s = shared.state, select = $("transfer");
  select.disabled = task.state === "Terminated" || task.state === "In IVR" || task.state === "Dialing Out";
  if (select.options.length > 1) return;
  for (const service of s.services) select.append(element("option", { value: "service " + service.upn, textContent: service.displayName }));
  for (const user of s.users) select.append(element("option", { value: "user " + user.upn, textContent: user.displayName }));
}

function renderSubscriptions() {
  $("listener-count").textContent = shared.state.subscriptions.length;
  $("subscriptions").replaceChildren(...shared.state.subscriptions.map(s => element("li", {},
    element("b", { textContent: s.url }),
    (s.taskEvents || s.schedulerEntryEvents || s.dataTypes || ["assistant"]).map(eventName).join(", ") + " · "
      + s.services.join(", ") + " · " + s.user + " · " + s.delivered + " delivered"
      + (s.failed ? ", " + s.failed + " failed" : "")
      + (s.withheld ? ", " + s.withheld + " withheld: the user has lost the right" : ""))));
  if (!shared.state.subscriptions.length)
    $("subscriptions").append(element("li", { textContent: "Nobody has subscribed to events yet." }));
}

function fillServices(select, first) {
  if (select.options.length - first === shared.state.services.length) return;
  for (const s of shared.state.services) select.append(element("option", { value: s.upn, textContent: s.displayName }));
}

function render() {
  fillServices($("service"), 1);
  fillServices($("call-service"), 0);
  renderList();
  renderDetail();
  renderSubscriptions();
  renderPeople();
  renderQueue(openSession);
  renderDesk();
  renderToast();
}

// ---- test calls ----

const KINDS = [
  { id: "known", icon: "Audio", title: "Known number", label: "Number", value: "+41 79 123 45 67", body: v => ({ from: v }) },
  { id: "unknown", icon: "Audio", title: "Unknown number", label: "Number", value: "+41 44 999 00 00", body: v => ({ from: v }) },
  { id: "anonymous", icon: "Anonymous", title: "Anonymous", body: () => ({ anonymous: true }) },
  { id: "internal", icon: "Teams", title: "Teams user", label: "UPN", value: "ada.muster@contoso.example", body: v => ({ upn: v }) },
  { id: "chat", icon: "InstantMessaging", title: "Chat", label: "E-mail given in the chat", value: "ada.muster@example.org",
    body: v => ({ modality: "InstantMessaging", email: v }) },
  { id: "email", icon: "Email", title: "E-mail", label: "Sender", value: "ada.muster@example.org",
    body: v => ({ modality: "Email", email: v }) },
  { id: "external", icon: "ExternalTask", title: "External task", label: "Id in the other system", value: "TICKET-4711",
    body: v => ({ modality: "ExternalTask", id: v }) },
];
let kind = KINDS[0];

function chooseKind(next) {
  kind = next;
  $("identity-field").hidden = !next.label;
  $("identity-label").textContent = next.label || "";
  $("identity").value = next.value || "";
}

$("kinds").append(...KINDS.map(k => element("label", { className: "kind" },
  element("input", { type: "radio", name: "kind", id: "kind-" + k.id, checked: k === kind, onchange: () => chooseKind(k) }),
  icon(k.icon), element("span", { textContent: k.title }))));
chooseKind(kind);

$("identity").addEventListener("input", () => { kind.value = $("identity").value; });

async function place(event) {
  event.preventDefault();
  const body = { ...kind.body($("identity").value.trim()), service: $("call-service").value || undefined };
  if ($("pace").value === "hand") body.timeline = { userAccepted: null };
  try {
    const made = await request("POST", "/sim/calls", body);
    $("dialog").close();
    if (shared.acting) actAs("");
    openSession(made.taskId);
  } catch (error) {
    $("problem").textContent = error.message;
  }
}

const act = (verb, body) => () => send("tasks/" + chosen + "/" + verb, body && body());
const asUser = () => (shared.acting ? { user: shared.acting } : {});

function openSession(id) {
  showView("sessions");
  choose(id);
}

async function transfer() {
  const [kindOf, name] = $("transfer").value.split(" ");
  $("transfer").value = "";
  if (name) await send("tasks/" + chosen + "/transfer", { [kindOf]: name });
}

async function input(event) {
  event.preventDefault();
  const made = await send("tasks/" + chosen + "/input", { name: $("input-name").value, value: $("input-value").value });
  if (made) $("input-form").reset();
}

$("form").addEventListener("submit", place);
$("cancel").addEventListener("click", () => $("dialog").close());
$("test-call").addEventListener("click", () => { $("problem").textContent = ""; $("dialog").showModal(); });
$("service").addEventListener("change", render);
$("accept").addEventListener("click", act("accept", asUser));
$("ring").addEventListener("click", act("ring", asUser));
$("hang-up").addEventListener("click", act("hangup"));
$("transfer").addEventListener("change", transfer);
$("input-form").addEventListener("submit", input);
setUpPeople(render);
setUpDesk(openSession);
$("back").addEventListener("click", () => choose(null));
watch();
