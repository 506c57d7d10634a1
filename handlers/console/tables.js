// Decision tables, edited in dmn-js.

/* global DmnJS */

import { button, dialog, h, notice } from './dom.js';
import { keep } from './recipe.js';

const EMPTY = (name) => `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="Definitions_1" name="${name}" namespace="urn:som:decisions">
  <decision id="${name}" name="${name}">
    <decisionTable id="Table_1" hitPolicy="UNIQUE">
      <input id="Input_1" label="Input"><inputExpression id="Expression_1" typeRef="string"><text>input</text></inputExpression></input>
      <output id="Output_1" label="Output" name="output" typeRef="string" />
      <rule id="Rule_1"><inputEntry id="Entry_1"><text></text></inputEntry><outputEntry id="Entry_2"><text>""</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>
`;
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** Edit the table of a name, or make it; resolves to its name, or null where nothing is kept. */
export function editTable(editor, name) {
  const present = (editor.recipe.decisionTable || []).find((one) => one.name === name);
  return dialog('Decision table', (close, box) => {
    const title = h('input', { id: 'table-name', value: name, required: true, readonly: Boolean(present), autocomplete: 'off', placeholder: 'name' });
    const place = h('div', { class: 'table-editor' });
    const tables = new DmnJS({ container: place });
    const open = async () => {
      await tables.importXML(present?.dmn || EMPTY('decision'));
      const view = tables.getViews().find((one) => one.type === 'decisionTable') || tables.getViews()[0];
      if (view) await tables.open(view);
    };
    box.addEventListener('close', () => tables.destroy());
    requestAnimationFrame(() => open().catch((error) => notice(`The table cannot be shown: ${error.message}`, 'wrong')));
    return h('form', {
      onsubmit: async (event) => {
        event.preventDefault();
        const chosen = title.value.trim();
        if (!NAME.test(chosen)) {
          title.setCustomValidity('A name begins with a letter, and has no blanks.');
          title.reportValidity();
          return;
        }
        const decision = tables.getDefinitions().drgElement?.[0];
        if (decision && !present) Object.assign(decision, { id: chosen, name: chosen });
        const { xml } = await tables.saveXML({ format: true });
        keep(editor, 'decisionTable', present?.name, { name: chosen, dmn: xml });
        close(chosen);
      },
    }, h('label', { for: 'table-name', text: 'Name' }), title, place,
    h('div', { class: 'buttons' }, button('Cancel', () => close(null)), h('button', { class: 'primary', text: 'Keep' })));
  }, true);
}
