import { untrack } from 'svelte';
import type { Key } from './i18n.svelte';

/** A key and what it does here. `say` names it in the list of all keys; `typing` lets it work inside a field too. */
export interface Binding {
  readonly key: string;
  readonly say: Key;
  readonly run: (event: KeyboardEvent) => void;
  readonly when?: () => boolean;
  readonly typing?: boolean;
}
interface Group {
  readonly title: Key;
  readonly bindings: readonly Binding[];
}

const remembered = 'dure.single-keys';
const chordTime = 1200;

/** All keys of all screens that are on now; the newest group wins. Keys are single letters, `Ctrl+K`, or two steps like `g b`. */
class Keys {
  groups = $state.raw<readonly Group[]>([]);
  /** Single letters can be switched off (WCAG 2.1.4), for those whose speech or switch device types. */
  single = $state(localStorage.getItem(remembered) !== 'off');
  private prefix = '';
  private prefixAt = 0;
  private readonly blockers = new Set<symbol>();

  constructor() {
    addEventListener('keydown', (event) => this.press(event));
  }

  /** Adds keys; the answer takes them away again, so it can be returned from an effect. */
  add(title: Key, bindings: readonly Binding[]): () => void {
    const group: Group = { title, bindings };
    untrack(() => (this.groups = [...this.groups, group]));
    return () => untrack(() => (this.groups = this.groups.filter((other) => other !== group)));
  }

  /** While a dialog is open, keys of the screen below rest. */
  block(): () => void {
    const mark = Symbol('block');
    this.blockers.add(mark);
    return () => this.blockers.delete(mark);
  }

  setSingle(on: boolean): void {
    this.single = on;
    localStorage.setItem(remembered, on ? 'on' : 'off');
  }

  private press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || this.blockers.size > 0) return;
    if (event.key === 'Escape' && document.querySelector(':popover-open')) return; // it shuts that, and nothing else
    const typing = isTyping(event.target);
    const stroke = strokeOf(event);
    if (!stroke) return;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const chord = plain && event.timeStamp - this.prefixAt < chordTime ? `${this.prefix} ${stroke}` : '';
    this.prefix = '';
    for (const wanted of [chord, stroke]) {
      const binding = wanted ? this.find(wanted, typing, plain) : undefined;
      if (binding) {
        event.preventDefault();
        binding.run(event);
        return;
      }
    }
    if (plain && !typing && this.single && this.groups.some((g) => g.bindings.some((b) => b.key.startsWith(`${stroke} `)))) {
      this.prefix = stroke;
      this.prefixAt = event.timeStamp; // when it was pressed: the screen may have been busy since
    }
  }

  private find(stroke: string, typing: boolean, plain: boolean): Binding | undefined {
    if (plain && !this.single && /^(\S|\S \S)$/.test(stroke)) return undefined;
    for (const group of [...this.groups].reverse()) {
      const found = group.bindings.find((b) => b.key === stroke && (!typing || b.typing) && (b.when?.() ?? true));
      if (found) return found;
    }
    return undefined;
  }
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range', 'file'].includes(target.type);
}

/** The key by where it lies, so that letters work while Hangul is being typed too. */
function strokeOf(event: KeyboardEvent): string {
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1]?.toLowerCase();
  const key = letter ?? event.key;
  if (['Control', 'Shift', 'Alt', 'Meta', 'Process'].includes(key)) return '';
  const mod = event.ctrlKey || event.metaKey ? 'Ctrl+' : event.altKey ? 'Alt+' : '';
  return mod + (letter && event.shiftKey ? `Shift+${letter}` : key);
}

export const keys = new Keys();
