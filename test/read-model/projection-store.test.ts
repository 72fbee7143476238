import { READ_MODEL_STORES } from '../support/read-model/read-model-stores.ts'
import { projectionStoreContract } from './projection-store-contract.ts'

for (const store of READ_MODEL_STORES) projectionStoreContract(store)
