import { onProofNeeded } from './api';

/** A fresh proof that the person is there: one dialog, however many requests wait for it. */
class Proof {
  asking = $state(false);
  private waiting: Promise<boolean> | null = null;
  private settle: (proven: boolean) => void = () => undefined;

  constructor() {
    onProofNeeded.call = () => this.ask();
  }

  ask(): Promise<boolean> {
    this.waiting ??= new Promise((resolve) => {
      this.settle = resolve;
      this.asking = true;
    });
    return this.waiting;
  }

  end(proven: boolean): void {
    this.asking = false;
    this.waiting = null;
    this.settle(proven);
  }
}

export const proof = new Proof();
