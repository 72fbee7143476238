/** `run-ledger/verify`: checks evidence packs, proofs and checkpoints offline, in Node and in browsers. The way in for applications. */

export type { Policy, PolicyRefused } from '../trust/verify/policy.ts'
export { policyOf, policyOfKey } from '../trust/verify/policy.ts'
export type { NotVerified, Proved } from '../trust/verify/proof.ts'
export { isLeafOf, verifyCheckpoint, verifyProof } from '../trust/verify/proof.ts'
export type { VerifiedPack } from './verify-pack.ts'
export { verifyPack } from './verify-pack.ts'
