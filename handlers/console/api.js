// The server's administration interface. Addresses are relative, so that the page works behind a proxy with a path of its own.

const ROOT = new URL('../', document.baseURI);
const SOM = 'som/v1';

/** What the server refused, in its own words. */
export class Refused extends Error {
  constructor(status, body) {
    super(body.message?.replace(/^\/(source|bpmn): (source:)?/, (_, what, line) => (line ? 'Line ' : '')) || body.reason || `The server answered ${status}.`);
    this.status = status;
    this.code = body.code || '';
  }
}

async function call(method, path, body, headers = {}) {
  const sent = { method, headers: { accept: 'application/json', ...headers } };
  if (body !== undefined) {
    sent.body = JSON.stringify(body);
    sent.headers['content-type'] ||= 'application/json';
  }
  let answer;
  try {
    answer = await fetch(new URL(path, ROOT), sent);
  } catch {
    throw new Refused(0, { message: 'The server does not answer.' });
  }
  if (answer.status === 304) return { said: null, etag: answer.headers.get('etag') };
  const said = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, said || {});
  return { said, etag: answer.headers.get('etag'), total: Number(answer.headers.get('x-total-count')) };
}

const one = (id, part = '') => `${SOM}/recipe/${encodeURIComponent(id)}${part}`;

export const listRecipes = async () => (await call('GET', `${SOM}/recipe?limit=1000`)).said;
export const readRecipe = (id) => call('GET', one(id));
export const createRecipe = (body) => call('POST', `${SOM}/recipe`, body);
export const changeRecipe = (id, body, etag) =>
  call('PATCH', one(id), body, { 'content-type': 'application/merge-patch+json', ...(etag ? { 'if-match': etag } : {}) });
export const removeRecipe = (id) => call('DELETE', one(id));
export const stepRecipe = (id, step, why, etag) =>
  call('POST', one(id, `/${step}`), why ? { why } : {}, etag ? { 'if-match': etag } : {});
export const compareRecipe = async (id, from) =>
  (await call('GET', one(id, `/difference${from ? `?from=${encodeURIComponent(from)}` : ''}`))).said;
export const tryStored = async (id) => (await call('POST', one(id, '/try'), {})).said;
export const check = async (content) => (await call('POST', `${SOM}/recipeCheck`, content)).said;
/** A recipe as a drawing and as YAML, made from whichever is given; a drawing gets a layout where it has none. */
export const convert = async (content) => (await call('POST', `${SOM}/recipeConversion`, content)).said;
/** The same drawing; with a layout where it has none. */
export const laidOut = async (xml) => (/<(\w+:)?BPMNShape\b/.test(xml) ? xml : (await convert({ bpmn: xml })).bpmn);
export const tryOut = async (content) => (await call('POST', `${SOM}/recipeTrial`, content)).said;

/** A page of the runs of recipes that match, the newest first, and how many there are in all. */
export async function listRuns(asked) {
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== ''));
  const { said, total } = await call('GET', `${SOM}/recipeRun?${query}`);
  return { runs: said, total };
}
/** A run, whole; `said` is null where it is still as its tag says. */
export const readRun = (id, etag) => call('GET', `${SOM}/recipeRun/${encodeURIComponent(id)}`, undefined, etag ? { 'if-none-match': etag } : {});
/** What fulfillers are called, by their ids. */
export const fulfillerNames = async () =>
  new Map((await call('GET', `${SOM}/fulfiller?limit=1000&fields=name`)).said.map((one_) => [one_.id, one_.name]));
export const readTask = async (id) => (await call('GET', `${SOM}/task/${encodeURIComponent(id)}`)).said;

/** Who does what, and what there is to be ordered: for the choices of the properties. */
export async function surroundings() {
  const [fulfillers, specifications, recipes] = await Promise.all([
    call('GET', `${SOM}/fulfiller?limit=1000`),
    call('GET', 'tmf-api/serviceCatalogManagement/v4/serviceSpecification?limit=1000&fields=name'),
    call('GET', `${SOM}/recipe?limit=1000&state=published&fields=name`),
  ]);
  const offered = fulfillers.said.flatMap((one_) => (one_.capability || []).map((can) => can.specification));
  const named = specifications.said.map((found) => found.name);
  const sorted = (names) => [...new Set(names.filter((name) => name && name !== '*'))].sort();
  return {
    fulfillers: sorted(fulfillers.said.map((found) => found.id)),
    specifications: sorted([...offered, ...named]),
    recipes: sorted(recipes.said.map((found) => found.name)),
  };
}
