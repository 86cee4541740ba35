// SPDX-License-Identifier: Apache-2.0
// api.js: requests to the simulator, and what the whole page knows of it.

const token = new URLSearchParams(location.hash.slice(1)).get("token");

/** What GET /sim/state said last, and as whom the page acts ("": as everybody). */
export const shared = {
  state: { tasks: [], services: [], subscriptions: [], users: [], units: [], roles: [], addressBooks: [], schedulerEntries: [] },
  acting: sessionStorage.getItem("acting") || "",
};

export async function request(method, path, body) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = "Bearer " + token;
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(value.error || "the simulator answered " + answer.status);
  return value;
}

export function setLink(text, style) {
  const link = document.getElementById("link");
  link.textContent = text;
  link.className = "link " + style;
}

/** Send what a button asks for; a refusal is shown beside the name of the page. */
export async function send(path, body) {
  try {
    return await request("POST", "/sim/" + path, body || {});
  } catch (error) {
    setLink(error.message, "lost");
    return null;
  }
}
