// SPDX-License-Identifier: Apache-2.0
// oidc_server.mjs: the npm package oidc-provider on loopback, with the paths of Entra ID, one public client and a user.
// Arguments: folder of node_modules' package.json, port, client id, life of access tokens in seconds.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, port, client, life] = process.argv.slice(2);
const found = createRequire(`${folder}/package.json`).resolve("oidc-provider");
const { Provider, default: Standard } = await import(pathToFileURL(found));
const base = "/organizations/oauth2/v2.0";

const provider = new (Provider ?? Standard)(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: client, token_endpoint_auth_method: "none", application_type: "native", response_types: ["code"],
    redirect_uris: ["http://127.0.0.1/sign-in", "http://localhost/"],
    grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
  }],
  routes: { authorization: `${base}/authorize`, token: `${base}/token`, device_authorization: `${base}/devicecode` },
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: true } },
  claims: { openid: ["sub", "upn", "tid", "oid"] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, upn: id, tid: "99999999-8888-7777-6666-555555555555", oid: "an-object" }),
  }),
  issueRefreshToken: () => true, // Entra gives one for offline_access without asking for consent each time
  rotateRefreshToken: true,
  pkce: { required: () => true },
  ttl: { AccessToken: Number(life), RefreshToken: 3600, DeviceCode: 600, Session: 3600, Grant: 3600, Interaction: 600, IdToken: 600 },
  cookies: { keys: ["for tests"] },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
