// Lists of records that are chained by their `next`.

/** Takes `item` out of the list that begins with `head`. @returns the new head */
export function listWithout<T extends { next: T | null }>(head: T | null, item: T): T | null {
  if (head === item) return item.next;
  for (let at = head; at; at = at.next) if (at.next === item) at.next = item.next;
  return head;
}
