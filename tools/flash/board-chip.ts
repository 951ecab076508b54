// The chips by which boards that are not real are on the network, and what runs there when no app is named.

export type BoardChip = 'enc28j60' | 'cyw43';

export function defaultApp(board: BoardChip): string {
  return board === 'cyw43' ? 'wifi-http-server' : 'http-server';
}
