/** What a code on a detector says: its id, alone or at the end of an address (`https://…/d/HBC-G-017`, `DEV:HBC-G-017`). */
export function idOf(read: string): string | null {
  const last = read.trim().split(/[/:=?&#\s]/).filter(Boolean).at(-1) ?? '';
  return /^[A-Za-z0-9_-]{1,64}$/.test(last) ? last : null;
}

interface Detector {
  detect(source: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>;
}
type Made = new (options: { formats: readonly string[] }) => Detector;

/** Whether this browser reads codes by itself; else people type them. */
export const canScan = (): boolean => 'BarcodeDetector' in globalThis && Boolean(navigator.mediaDevices?.getUserMedia);

/** Reads codes from the camera that looks away from the reader until `stop`; each sound id is told once. */
export async function scan(video: HTMLVideoElement, told: (id: string) => void): Promise<() => void> {
  const Kind = (globalThis as unknown as { BarcodeDetector: Made }).BarcodeDetector;
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' }, audio: false });
  const reader = new Kind({ formats: ['qr_code', 'data_matrix', 'code_128'] });
  let over = false;
  const stop = (): void => {
    over = true;
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  video.srcObject = stream;
  await video.play();
  const look = async (): Promise<void> => {
    if (over) return;
    const found = await reader.detect(video).catch(() => []);
    const id = found.map((one) => idOf(one.rawValue)).find((one) => one !== null);
    if (over) return;
    if (id) {
      stop();
      told(id);
    } else setTimeout(() => void look(), 150);
  };
  void look();
  return stop;
}
