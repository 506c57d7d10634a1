// Decision tables, edited in dmn-js.

/* global DmnJS */

import * as api from './api.js';
import { button, byId, dialog, h, notice } from './dom.js';
import { keep } from './recipe.js';

const EMPTY = (name) => `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="Definitions_1" name="${name}" namespace="urn:som:decisions">
  <decision id="${name}" name="${name}">
    <decisionTable id="Table_1" hitPolicy="UNIQUE">
      <input id="Input_1" label="Input"><inputExpression id="Expression_1"><text>input</text></inputExpression></input>
      <output id="Output_1" label="Output" name="output" typeRef="string" />
      <rule id="Rule_1"><inputEntry id="Entry_1"><text></text></inputEntry><outputEntry id="Entry_2"><text>""</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>
`;
// A recipe that only asks a table: trials know how tables are evaluated, and say what is wrong with one.
const ASKING = (name) => `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:som="urn:som:recipe:1" id="Definitions_1" targetNamespace="urn:som:recipes">
  <bpmn:process id="Process_1" isExecutable="true">
    <bpmn:startEvent id="Start" />
    <bpmn:businessRuleTask id="Ask"><bpmn:extensionElements><som:decision ref="${name}" result="result" /></bpmn:extensionElements></bpmn:businessRuleTask>
    <bpmn:sequenceFlow id="Flow" sourceRef="Start" targetRef="Ask" />
  </bpmn:process>
</bpmn:definitions>
`;
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

let library;

/** Load what edits tables; most recipes have none, and most who open one look at something else. */
function load() {
  library ||= new Promise((resolve, reject) => {
    const parts = document.importNode(byId('later').content, true);
    const script = parts.querySelector('script');
    script.addEventListener('load', resolve);
    script.addEventListener('error', () => { library = null; reject(new Error('The server does not answer.')); });
    document.head.append(parts);
  });
  return library;
}

/** Edit the table of a name, or make it; resolves to its name, or null where nothing is kept. */
export async function editTable(editor, name, proposed = '') {
  try {
    await load();
  } catch (error) {
    notice(`Tables cannot be edited: ${error.message}`, 'wrong');
    return null;
  }
  const present = (editor.recipe.decisionTable || []).find((one) => one.name === name);
  return dialog('Decision table', (close, box) => {
    const title = h('input', { id: 'table-name', value: name || proposed, required: true, readonly: Boolean(present), autocomplete: 'off', placeholder: 'name' });
    const place = h('div', { class: 'table-editor' });
    const written = async (chosen) => {
      const decision = tables.getDefinitions().drgElement?.[0];
      if (decision && !present) Object.assign(decision, { id: chosen, name: chosen });
      return (await tables.saveXML({ format: true })).xml;
    };
    // at once: what was typed a moment ago is evaluated and kept, too
    const tables = new DmnJS({ container: place, common: { debounceInput: false } });
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
        keep(editor, 'decisionTable', present?.name, { name: chosen, dmn: await written(chosen) });
        close(chosen);
      },
    }, h('label', { for: 'table-name', text: 'Name' }), title, place,
    evaluation(() => title.value.trim() || 'decision', written),
    h('div', { class: 'buttons' }, button('Cancel', () => close(null)), h('button', { class: 'primary', text: 'Keep' })));
  }, 'tables');
}

/** Ask the table as it stands, kept or not. */
function evaluation(name, written) {
  const given = h('input', { id: 'table-input', class: 'code', placeholder: '{"size": 30}', autocomplete: 'off', spellcheck: 'false' });
  const answer = h('output', { for: 'table-input', class: 'code answer' });
  const say = (text, kind) => {
    answer.textContent = text;
    answer.className = `code answer ${kind}`;
  };
  const ask = async () => {
    try {
      const input = JSON.parse(given.value || '{}');
      const chosen = name();
      const found = await api.tryOut({ bpmn: ASKING(chosen), decisionTable: [{ name: chosen, dmn: await written(chosen) }], case: { input } });
      const [trial] = found.trial;
      if (trial?.status === 'completed') say(JSON.stringify(trial.data.result ?? null), 'good');
      else say(trial?.reason || trial?.step.find((one) => one.what === 'stuck')?.reason || found.problem.map((one) => one.reason).join('\n') || trial.status, 'bad');
    } catch (error) {
      say(error instanceof SyntaxError ? `This is no JSON: ${error.message}` : error.message, 'bad');
    }
  };
  given.addEventListener('keydown', (pressed) => {
    if (pressed.key !== 'Enter') return;
    pressed.preventDefault();
    ask();
  });
  return h('div', { class: 'evaluation' }, h('label', { for: 'table-input', text: 'Evaluate it with (JSON)' }),
    h('div', { class: 'row' }, given, button('Evaluate', ask)), answer);
}
