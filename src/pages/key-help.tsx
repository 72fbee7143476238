/** The list of keys, which `?` opens. */
import { useRef } from 'preact/hooks'
import { keyActions, keysSwitch, useKeys } from './lib/keys.ts'

export const KeyHelp = () => {
  const dialog = useRef<HTMLDialogElement>(null)
  const open = () => dialog.current?.showModal()
  useKeys([{ keys: '?', what: 'This list', run: open }])
  return (
    <>
      <button type="button" onClick={open} aria-label="Keyboard shortcuts" title="Keyboard shortcuts">
        ?
      </button>
      <dialog ref={dialog} class="keys" aria-labelledby="keys-title">
        <h2 id="keys-title">Keyboard shortcuts</h2>
        <dl>
          {keyActions.value.map(({ keys, what }) => (
            <div key={`${keys} ${what}`}>
              <dt>
                {keys.split(', ').map((each, at) => (
                  <span key={each}>
                    {at > 0 && ' or '}
                    {each.split(' ').map((key) => (
                      <kbd key={key}>{NAMES[key] ?? key}</kbd>
                    ))}
                  </span>
                ))}
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <p>
          <label>
            <input
              type="checkbox"
              checked={keysSwitch.value === 'on'}
              onInput={({ currentTarget }) => {
                keysSwitch.value = currentTarget.checked ? 'on' : 'off'
              }}
            />{' '}
            Single keys act
          </label>
        </p>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  )
}

const NAMES: Readonly<Record<string, string>> = { ArrowLeft: '←', ArrowRight: '→' }
