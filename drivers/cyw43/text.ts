// Words for people: what the numbers of the radio's state mean. A bundle that does not ask for them does not hold them.

/** @param state as cyw43LinkState() tells it */
export function cyw43LinkText(state: number): string {
  return [
    'off',
    'chip is starting',
    'joining',
    'no such network',
    'access point does not answer',
    'access point refuses',
    'wrong password',
    'connection lost',
    'connected, no address yet',
    'connected',
  ][state]!;
}

/** What the chip did not take at set-up. @param fault the radio's `fault`, other than 0 */
export function cyw43WifiFaultText(fault: number): string {
  return (
    'the chip did not take its ' +
    [
      'address',
      'country',
      'antenna',
      'packet format',
      'access point mode',
      'block acknowledgements',
      'aggregation',
      'events',
      'power save',
      'start',
    ][fault - 1]!
  );
}

/** How a network protects itself. @param security SECURITY_ bits */
export function cyw43SecurityText(security: number): string {
  const names: string[] = [];
  const all = ['WEP', 'WPA', 'WPA2', 'WPA3', 'EAP'];
  for (let i = 0; i < all.length; i++) if (security & (1 << i)) names.push(all[i]!);
  return names.join('/') || 'open';
}
