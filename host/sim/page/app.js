// SPDX-License-Identifier: Apache-2.0
// app.js: My Sessions of the simulated cluster. Shows what GET /sim/state says and sends what the buttons ask for.
// All text comes in as text nodes, so nothing that a caller sends can become markup.

const $ = id => document.getElementById(id);
const token = new URLSearchParams(location.hash.slice(1)).get("token");
let state = { tasks: [], services: [], subscriptions: [] };
let chosen = null;   // the task in the detail pane
let shownFields = {}; // what the customer block showed last, to mark what is new

// ---- talking to the simulator ----

async function request(method, path, body) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = "Bearer " + token;
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(value.error || "the simulator answered " + answer.status);
  return value;
}

function setLink(text, style) {
  $("link").textContent = text;
  $("link").className = "link " + style;
}

async function watch() {
  for (let after = 0; ;) {
    try {
      state = await request("GET", "/sim/state?after=" + after);
      after = state.version;
      setLink("live", "live");
      render();
    } catch (error) {
      after = 0;
      setLink(error instanceof TypeError ? "not reachable, trying again" : error.message, "lost");
      await new Promise(done => setTimeout(done, 1000));
    }
  }
}

// ---- building ----

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

const ICONS = {
  Audio: "M5 4h3l2 5-2.5 1.5a11 11 0 0 0 6 6L15 14l5 2v3a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2z",
  InstantMessaging: "M4 5h16v11H9l-5 4z",
  Email: "M3 6h18v12H3zM3 7l9 7 9-7",
  ExternalTask: "M8 4h8v3H8zM6 5H5v16h14V5h-1M9 13l2 2 4-4",
  Teams: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0",
  Anonymous: "M3 3l18 18M9.5 5.2A4 4 0 0 1 15 11M6.5 15.2A8 8 0 0 0 4 21h14",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name] || ICONS.Audio);
  svg.append(path);
  return svg;
}

const CHIPS = { "In IVR": "ivr", "In Queue": "queue", "Connected": "connected" };
const chip = (text, style = "") => element("span", { className: "chip " + style, textContent: text });
const clock = text => new Date(text).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

// ---- words ----

/** What is known of the caller without any flow. */
function identityOf(task) {
  if (task.isAnonymous) return "Anonymous";
  return task.callerTelNumber || task.destinationTelNumber || task.callerUPN || task.destinationUPN
    || task.customerIdentifier || "Unknown";
}

function nameOf(task) {
  const c = task.customer;
  return c.displayName || [c.firstName, c.lastName].filter(Boolean).join(" ");
}

function modalityName(task) {
  const known = (state.modalities || []).find(value => value.value === task.modality);
  return known ? known.name : task.modality;
}

function eventName(value) {
  const known = (state.events || []).find(event => event.value === value);
  return known ? known.name : value === "(updated)" ? "Update task" : value;
}

const iconOf = task => task.isAnonymous && task.modality === "Audio" ? "Anonymous"
  : task.callerUPN || task.destinationUPN ? "Teams" : task.modality;

// ---- the list ----

const rows = new Map();

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
  const shown = state.tasks.filter(task => !service || task.serviceUPN === service);
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

function valueNode(key, value) {
  const node = element("dd", { textContent: value || "—", className: value ? "" : "blank" });
  if (value && key in shownFields && shownFields[key] !== value) node.classList.add("fresh");
  shownFields[key] = value || "";
  return node;
}

function renderCustomer(customer) {
  const pairs = FIELDS.map(([key, label]) => [key, label, customer[key]])
    .concat((customer.telNumbers || []).map(n => ["tel " + n.name, n.name, n.value]))
    .concat((customer.customFields || []).map(f => ["field " + f.name, f.name, f.value]));
  $("customer").replaceChildren(...pairs.map(([key, label, value]) =>
    element("div", {}, element("dt", { textContent: label }), valueNode(key, value))));
}

function table(head, lines) {
  if (!lines.length) return element("p", { className: "blank", textContent: "—" });
  const row = (cells, name) => element("tr", {}, ...cells.map(cell => element(name, { textContent: cell ?? "—" })));
  return element("table", {}, element("thead", {}, row(head, "th")),
    element("tbody", {}, ...lines.map(cells => row(cells, "td"))));
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
  const isNote = event.event === "(updated)";
  const detail = isNote ? JSON.parse(event.detail).join(", ") : event.detail;
  const what = element("span", { className: isNote ? "note" : "what", textContent: eventName(event.event) });
  if (detail) what.append(element("small", { textContent: (isNote ? "" : ": ") + detail }));
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
  const task = state.tasks.find(candidate => candidate.taskId === chosen);
  $("detail").hidden = !task;
  if (!task) return;
  const name = nameOf(task), identity = identityOf(task);
  $("caller").textContent = name || identity;
  $("about").replaceChildren(chip(task.state, CHIPS[task.state]), ...[name && identity, modalityName(task),
    task.direction, task.serviceDisplayName, task.LastConnectedUserUPN && "taken by " + task.LastConnectedUserUPN,
    task.result].filter(Boolean).map(text => element("span", { textContent: text })));
  $("accept").disabled = !task.canAccept || task.state === "Terminated";
  $("hang-up").disabled = task.state === "Terminated";
  renderContext(task);
  renderCustomer(task.customer);
  $("parameters").replaceChildren(table(["Name", "Value"], task.customContextParameters.map(p => [p.name, p.value])));
  $("users").replaceChildren(table(["User", "Priority"], task.preferredUsers.map(u => [u.upn, u.priority])));
  $("message").textContent = task.initialMessage || task.emailSubject || "";
  $("message-card").hidden = !$("message").textContent;
  $("events").replaceChildren(...task.history.map(eventNode));
}

function renderSubscriptions() {
  $("listener-count").textContent = state.subscriptions.length;
  $("subscriptions").replaceChildren(...state.subscriptions.map(s => element("li", {},
    element("b", { textContent: s.url }),
    s.taskEvents.map(eventName).join(", ") + " · " + s.services.join(", ") + " · " + s.delivered + " delivered"
      + (s.failed ? ", " + s.failed + " failed" : ""))));
  if (!state.subscriptions.length)
    $("subscriptions").append(element("li", { textContent: "Nobody has subscribed to events yet." }));
}

function fillServices(select, first) {
  if (select.options.length - first === state.services.length) return;
  for (const s of state.services) select.append(element("option", { value: s.upn, textContent: s.displayName }));
}

function render() {
  fillServices($("service"), 1);
  fillServices($("call-service"), 0);
  renderList();
  renderDetail();
  renderSubscriptions();
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
    choose(made.taskId);
  } catch (error) {
    $("problem").textContent = error.message;
  }
}

const act = verb => async () => {
  try {
    await request("POST", "/sim/tasks/" + chosen + "/" + verb);
  } catch (error) {
    setLink(error.message, "lost");
  }
};

$("form").addEventListener("submit", place);
$("cancel").addEventListener("click", () => $("dialog").close());
$("test-call").addEventListener("click", () => { $("problem").textContent = ""; $("dialog").showModal(); });
$("service").addEventListener("change", render);
$("accept").addEventListener("click", act("accept"));
$("hang-up").addEventListener("click", act("hangup"));
$("back").addEventListener("click", () => choose(null));
watch();
