// Power save of the station: how long the radio sleeps between beacons.

/** Never sleeps: quickest answers, some 70 mA more. */
export const PM_NONE = 0;
/** Sleeps whenever nothing waits; a frame to the station waits for the next beacon, up to 100 ms each. */
export const PM_SLEEP = 1;
/** Sleeps 200 ms after the last frame: quick while there is traffic. */
export const PM_FAST = 2;
