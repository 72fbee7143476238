import { READ_MODEL_STORES } from '../support/read-model/read-model-stores.ts'
import { readModelContract } from './read-model-contract.ts'

for (const store of READ_MODEL_STORES) readModelContract(store)
