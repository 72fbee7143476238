import { PROJECTION_STORES } from '../support/read-model-stores.ts'
import { projectionStoreContract } from './projection-store-contract.ts'

for (const store of PROJECTION_STORES) projectionStoreContract(store)
