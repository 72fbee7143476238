/** `run-ledger policies`: all policy versions, with figures of their runs. */
import { each } from '../../../client/client.ts'
import { examples } from '../../options/options.ts'
import { type ListOptions, withListOutput } from '../../output/format.ts'
import { printList } from '../../output/print-list.ts'
import { type PlaceOptions, withPlaceOptions } from '../../reading/place.ts'
import type { Declare } from '../../subcommand.ts'

export const declarePolicies: Declare = (command, ending) =>
  withPlaceOptions(withListOutput(command))
    .addHelpText(
      'after',
      examples(
        'run-ledger policies',
        'run-ledger policies --url http://127.0.0.1:8080 -o csv',
        'run-ledger policies --columns policy_version_id,runs,by_status.IN_REVIEW',
      ),
    )
    .action(
      ending((options: PlaceOptions & ListOptions) =>
        printList(options, {
          columns: POLICY_COLUMNS,
          list: ({ listPolicyVersions }, limit) => each(listPolicyVersions, { limit }),
          none: 'there are no runs yet',
        }),
      ),
    )

const POLICY_COLUMNS = {
  fields: ['policy_version_id', 'runs', 'by_status', 'error_rate', 'created_at', 'last_updated_at'],
  usual: ['policy_version_id', 'runs', 'error_rate', 'created_at', 'last_updated_at', 'by_status'],
}
