import { READ_MODEL_STORES } from '../support/read-model/read-model-stores.ts'
import { agreementContract } from './agreement-contract.ts'

for (const store of READ_MODEL_STORES) agreementContract(store)
