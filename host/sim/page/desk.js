// SPDX-License-Identifier: Apache-2.0
// desk.js: the Attendant Console's search over address books, the address books, and the scheduler.

import { request, send, setLink, shared } from "./api.js";
import { $, CHIPS, button, chip, element, table } from "./dom.js";

let openSession = () => {};
let asked = null;      // what the contacts on the screen were asked with
let book = null;       // the address book whose contacts are shown

async function find(query) {
  try {
    return await request("GET", "/sim/contacts?" + new URLSearchParams(query));
  } catch (error) {
    setLink(error.message, "lost");
    return [];
  }
}

const phones = c => [...(c.mobilePhones || []), ...(c.businessPhones || []), ...(c.homePhones || [])];
const nameOf = c => c.displayName || [c.firstName, c.lastName].filter(Boolean).join(" ") || c.externalId;

// ---- the console ----

async function call(number) {
  const service = $("service").value || undefined;
  const made = await send("calls", { from: number, direction: "Outbound", service });
  if (made) openSession(made.taskId);
}

function person({ book: where, contact }) {
  return element("article", { className: "person" }, element("b", { textContent: nameOf(contact) }),
    element("small", { textContent: [contact.jobTitle, contact.company, contact.department].filter(Boolean).join(" · ") || "—" }),
    element("small", { textContent: [...(contact.emailAddresses || []), "from " + where].join(" · ") }),
    element("p", {}, ...phones(contact).map(number => button("Call " + number, () => call(number)))));
}

/** Contacts change without a word to this view, so the count of the books is part of the question. */
async function renderContacts() {
  const text = $("contact-search").value.trim();
  const query = { text, ...(shared.acting ? { user: shared.acting } : {}) };
  const key = JSON.stringify([query, shared.state.addressBooks]);
  if (asked === key) return;
  asked = key;
  const found = await find(query);
  if (asked !== key) return;
  $("contacts").replaceChildren(...found.map(person));
  if (!found.length) $("contacts").append(element("p", { className: "blank", textContent: "Nobody is found." }));
}

// ---- address books ----

async function showBook(chosen) {
  book = chosen;
  const found = await find({ book: chosen.id, text: "" });
  const lines = found.map(({ contact: c }) => [c.externalId, nameOf(c), c.company, phones(c).join(", "), (c.emailAddresses || []).join(", ")]);
  $("book-contacts").replaceChildren(element("h2", { textContent: chosen.name }),
    table(["External ID", "Name", "Company", "Phones", "E-mail"], lines));
  if (chosen.contacts > found.length)
    $("book-contacts").append(element("p", { className: "blank", textContent: "The first " + found.length + " of " + chosen.contacts }));
}

function renderBooks() {
  const books = shared.state.addressBooks, key = JSON.stringify(books);
  if ($("books").dataset.key === key) return;
  $("books").dataset.key = key;
  const row = one => element("tr", {}, element("td", {}, element("b", { textContent: one.name })), element("td", { textContent: one.id }),
    element("td", { textContent: one.unit }), element("td", { textContent: one.contacts }),
    element("td", {}, button("Show", () => showBook(one))));
  $("books").replaceChildren(element("table", {}, element("thead", {}, element("tr", {},
    ...["Name", "ID", "Unit", "Contacts", ""].map(text => element("th", { textContent: text })))), element("tbody", {}, ...books.map(row))));
  const same = book && books.find(one => one.id === book.id);
  if (same) showBook(same);
}

// ---- the scheduler ----

function entryRow(entry) {
  const path = "entries/" + entry.schedulerEntryId, open = entry.state === "Scheduled" || entry.state === "In Progress";
  const events = entry.history.map(event => event.event).join(", ");
  return element("tr", {}, element("td", {}, element("b", { textContent: entry.destination }),
    element("small", { className: "blank", textContent: " " + (entry.ReferenceId || "") })),
    element("td", { textContent: entry.serviceUpn }), element("td", { textContent: new Date(entry.dueDateTimeUtc).toLocaleString() }),
    element("td", { textContent: entry.attempt + " of " + entry.maxAttempts }),
    element("td", {}, chip(entry.state, CHIPS[entry.state]), " ", entry.completionReason || ""), element("td", { textContent: events }),
    element("td", {}, entry.state === "Scheduled" ? button("Due now", () => send(path + "/due")) : null,
      open ? button("Cancel", () => send(path + "/cancel")) : null,
      entry.taskId ? button("Session", () => openSession(entry.taskId)) : null));
}

function renderEntries() {
  const entries = shared.state.schedulerEntries, key = JSON.stringify(entries);
  if ($("entries").dataset.key === key) return;
  $("entries").dataset.key = key;
  const heads = ["Destination", "Service", "Due", "Attempt", "State", "Events", ""];
  $("entries").replaceChildren(entries.length ? element("table", {}, element("thead", {}, element("tr", {},
    ...heads.map(text => element("th", { textContent: text })))), element("tbody", {}, ...entries.map(entryRow)))
    : element("p", { className: "blank", textContent: "Nothing is scheduled." }));
}

export function setUpDesk(open) {
  openSession = open;
  $("contact-search").addEventListener("input", renderContacts);
}

export function renderDesk() {
  if (!$("view-contacts").hidden) renderContacts();
  if (!$("view-books").hidden) renderBooks();
  if (!$("view-scheduler").hidden) renderEntries();
}
