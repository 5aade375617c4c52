import { severities, type Severity } from './types';

const remembered = 'dure.sound';
const notes: Record<Severity, readonly number[]> = { critical: [880, 660, 880, 660], serious: [784, 587], watch: [659], notice: [523] };

/** A short call for each severity, made here without any file. */
class Sound {
  on = $state(localStorage.getItem(remembered) !== 'off');
  private context: AudioContext | null = null;

  toggle(): void {
    this.on = !this.on;
    localStorage.setItem(remembered, this.on ? 'on' : 'off');
    if (this.on) this.call('notice');
  }

  call(severity: Severity): void {
    if (severities.includes(severity)) this.play(notes[severity]);
  }

  /** Something that was asked is not done in time: two low notes, unlike any severity's. */
  late(): void {
    this.play([392, 330]);
  }

  private play(frequencies: readonly number[]): void {
    if (!this.on) return;
    this.context ??= new AudioContext();
    const context = this.context;
    frequencies.forEach((frequency, index) => {
      const start = context.currentTime + index * 0.16;
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(0.12, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.15);
      tone.connect(volume).connect(context.destination);
      tone.start(start);
      tone.stop(start + 0.16);
    });
  }
}

export const sound = new Sound();
