// SPDX-License-Identifier: Apache-2.0
// dom.js: building blocks and words of the page. All text comes in as text nodes, so nothing that a caller sends can
// become markup.

import { shared } from "./api.js";

export const $ = id => document.getElementById(id);

export function element(name, properties = {}, ...children) {
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

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name] || ICONS.Audio);
  svg.append(path);
  return svg;
}

export const CHIPS = { "In IVR": "ivr", "In Queue": "queue", "Connected": "connected", "Ringing": "ringing",
  "Transferring": "ringing", "Dialing Out": "ringing", "Available": "connected", "RONA": "bad", "In Progress": "queue",
  "Completed": "connected" };
export const chip = (text, style = "") => element("span", { className: "chip " + style, textContent: text });
export const clock = text => new Date(text).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

// ---- words ----

/** What is known of the caller without any flow. */
export function identityOf(task) {
  if (task.isAnonymous) return "Anonymous";
  return task.callerTelNumber || task.destinationTelNumber || task.callerUPN || task.destinationUPN
    || task.customerIdentifier || "Unknown";
}

export function nameOf(task) {
  const c = task.customer;
  return c.displayName || [c.firstName, c.lastName].filter(Boolean).join(" ");
}

export function modalityName(task) {
  const known = (shared.state.modalities || []).find(value => value.value === task.modality);
  return known ? known.name : task.modality;
}

/** Lines of the log that are no events. */
const NOTES = { "(updated)": "Update task", "(input)": "Input", "(ringing)": "Ringing at", "(rona)": "RONA of",
  "(declined)": "Declined by", "(dialing)": "Dialing out", "(answered)": "The destination answered",
  "(assistant)": "Assistant has" };

export function eventName(value) {
  const known = (shared.state.events || []).find(event => event.value === value);
  return known ? known.name : NOTES[value] || value;
}

export const iconOf = task => task.isAnonymous && task.modality === "Audio" ? "Anonymous"
  : task.callerUPN || task.destinationUPN ? "Teams" : task.modality;

export function table(head, lines) {
  if (!lines.length) return element("p", { className: "blank", textContent: "—" });
  const row = (cells, name) => element("tr", {}, ...cells.map(cell => element(name, { textContent: cell ?? "—" })));
  return element("table", {}, element("thead", {}, row(head, "th")),
    element("tbody", {}, ...lines.map(cells => row(cells, "td"))));
}

/** Replace the children only when they say something new, so that focus and open lists stay. */
export function replaceIfNew(node, ...children) {
  const made = element("div", {}, ...children);
  if (node.dataset.shown === made.innerHTML) return;
  node.dataset.shown = made.innerHTML;
  node.replaceChildren(...made.childNodes);
}

export const button = (text, onclick, className = "ghost small") =>
  element("button", { type: "button", textContent: text, onclick, className });

/** A select of [value, text] pairs with the chosen one. */
export function select(label, pairs, value, onchange) {
  const made = element("select", { onchange: () => onchange(made.value), ariaLabel: label });
  made.append(...pairs.map(([v, text]) => element("option", { value: v, textContent: text, selected: v === value })));
  for (const option of made.options) option.toggleAttribute("selected", option.value === value);
  return made;
}
