import { READ_MODEL_STORES } from '../support/read-model/read-model-stores.ts'
import { searchContract } from './search-contract.ts'

for (const store of READ_MODEL_STORES) searchContract(store, store.name === 'SQLite' ? 5 : 1)
